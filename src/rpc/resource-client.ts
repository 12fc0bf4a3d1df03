/** One collection's standard methods over the wire. */
import type {
  Call,
  CreateRequest,
  DeleteRequest,
  ListRequest,
  ListResult,
  ResourceApi,
  UpdateRequest,
} from '../model/api.js';
import { formatName } from '../model/names.js';
import { fromInteger, type WireType } from './convert/common.js';
import type { Start, Unary } from './unary.js';

interface WireCreate<Wire> {
  readonly id: string;
  readonly resource: Wire;
  readonly request_id: string;
  readonly validate_only: boolean;
}

interface WireUpdate<Wire> {
  readonly resource: Wire;
  readonly update_mask: { paths: string[] };
  readonly validate_only: boolean;
}

interface WirePage<WireOut> {
  readonly resources: readonly WireOut[];
  readonly page: { readonly next_page_token: string; readonly revision: number };
}

/** What differs between the collections: the methods, and the names of fields in their messages. */
export interface Methods<Wire, WireOut, ListOut> {
  create(request: WireCreate<Wire>): Start<WireOut>;
  get(request: { name: string }): Start<WireOut>;
  list(request: { page_size: number; page_token: string; filter: string }): Start<ListOut>;
  page(response: ListOut): WirePage<WireOut>;
  update(request: WireUpdate<Wire>): Start<WireOut>;
  delete(request: { name: string; etag: string; validate_only: boolean }): Start<object>;
}

export class ResourceClient<
  Spec extends object,
  Resource,
  Wire extends object,
  WireOut,
  ListOut,
> implements ResourceApi<Spec, Resource> {
  /** `filler` stands for the fields that an update does not name; the server ignores them. */
  constructor(
    private readonly type: WireType<Spec, Resource, Wire, WireOut>,
    private readonly filler: Spec,
    private readonly methods: Methods<Wire, WireOut, ListOut>,
    private readonly unary: Unary,
  ) {}

  async create(request: CreateRequest<Spec>, call: Call): Promise<Resource> {
    const start = this.methods.create({
      id: request.id,
      resource: this.type.specToWire(request.spec),
      request_id: request.requestId,
      validate_only: request.validateOnly,
    });
    return this.type.fromWire(await this.unary.call(call, start));
  }

  async get(id: string, call: Call): Promise<Resource> {
    const start = this.methods.get({ name: formatName(this.type.collection, id) });
    return this.type.fromWire(await this.unary.call(call, start));
  }

  async list(request: ListRequest, call: Call): Promise<ListResult<Resource>> {
    const start = this.methods.list({
      page_size: request.pageSize,
      page_token: request.pageToken,
      filter: request.filter,
    });
    const { resources, page } = this.methods.page(await this.unary.call(call, start));
    return {
      resources: resources.map(this.type.fromWire),
      nextPageToken: page.next_page_token,
      revision: fromInteger('revision', page.revision),
    };
  }

  async update(request: UpdateRequest<Spec>, call: Call): Promise<Resource> {
    const paths = Object.entries(this.type.fields).flatMap(([wire, field]) =>
      Object.hasOwn(request.changes, field) ? [wire] : [],
    );
    // On the wire, a mask without paths would mean every field that is set.
    if (paths.length === 0) return this.get(request.id, call);
    const start = this.methods.update({
      resource: {
        ...this.type.specToWire({ ...this.filler, ...request.changes }),
        name: formatName(this.type.collection, request.id),
        etag: request.etag,
      },
      update_mask: { paths },
      validate_only: request.validateOnly,
    });
    return this.type.fromWire(await this.unary.call(call, start));
  }

  async delete({ id, etag, validateOnly }: DeleteRequest, call: Call): Promise<void> {
    const name = formatName(this.type.collection, id);
    await this.unary.call(call, this.methods.delete({ name, etag, validate_only: validateOnly }));
  }
}
