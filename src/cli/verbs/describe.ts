import { z } from 'zod';
import { NfvError } from '../../errors.js';
import type { Resource } from '../../model/api.js';
import type { EndpointCounters } from '../../model/trace.js';
import { subnetHolds } from '../../model/subnet.js';
import {
  describeEndpoint,
  describeNetwork,
  describeNve,
  describeRouter,
  describeSubnet,
} from '../description.js';
import { describeHostProfile } from '../describe-host.js';
import { errorText } from '../error-text.js';
import { exitCodeOfAll } from '../exit-codes.js';
import { apiOf, KIND_NAMES, nameOf, parseKind, parseRefs, type ResourceRef } from '../kinds.js';
import { listAll } from '../listing.js';
import type { Session } from '../session.js';
import { examples, type Verb } from '../verb.js';

const Options = z.object({});

export const describeVerb: Verb = (program, define) => {
  const command = program
    .command('describe')
    .summary('Tells everything about a resource.')
    .description('Tells everything about a resource, and about what belongs to it.')
    .argument('<kind>', 'network, nve, subnet, router, endpoint or hostprofile; or KIND/NAME')
    .argument('[name...]', 'which; all if absent')
    .addHelpText('after', examples('nfvctl describe nve host-a', 'nfvctl describe network/blue'));
  define(command, (session, args, opts) => {
    Options.parse(opts);
    return describe(session, args);
  });
};

async function describe(session: Session, args: readonly string[]): Promise<number> {
  const refs = await refsOf(session, args);
  const errors: NfvError[] = [];
  let isFirst = true;
  for (const ref of refs) {
    try {
      const resource = await apiOf(session.nva, ref.kind).get(ref.id, session.call);
      const text = await textOf(session, resource);
      await session.out.write(`${isFirst ? '' : '\n'}${text}`);
      isFirst = false;
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (error.code !== 'NOT_FOUND') throw error;
      errors.push(error);
    }
  }
  for (const error of errors) await session.err.write(errorText(error, session.errPaint));
  return exitCodeOfAll(errors);
}

async function refsOf(session: Session, args: readonly string[]): Promise<ResourceRef[]> {
  const refs = parseRefs(args);
  if (refs.length > 0) return refs;
  const kind = parseKind(args[0] ?? '');
  const api = apiOf(session.nva, kind);
  const { resources } = await listAll((r, call) => api.list(r, call), '', session.call);
  if (resources.length === 0) await session.err.write(`no ${KIND_NAMES[kind].plural} found\n`);
  return resources.map(({ id }) => ({ kind, id }));
}

async function textOf(session: Session, resource: Resource): Promise<string> {
  const { nva, call, clock, paint } = session;
  const context = { now: clock.now(), paint };
  const endpointsBy = async (filter: string) => {
    const list: typeof nva.endpoints.list = (request, c) => nva.endpoints.list(request, c);
    return (await listAll(list, filter, call)).resources;
  };
  const subnetsBy = async (filter: string) => {
    const list: typeof nva.subnets.list = (request, c) => nva.subnets.list(request, c);
    return (await listAll(list, filter, call)).resources;
  };
  switch (resource.kind) {
    case 'VirtualNetwork': {
      const inIt = `network = "virtualNetworks/${resource.id}"`;
      const [subnets, endpoints] = [await subnetsBy(inIt), await endpointsBy(inIt)];
      const used = new Set(endpoints.map(({ spec }) => spec.nve));
      const list: typeof nva.nves.list = (request, c) => nva.nves.list(request, c);
      const all = used.size === 0 ? [] : (await listAll(list, '', call)).resources;
      const nves = all.filter(({ id }) => used.has(id));
      return describeNetwork(resource, { subnets, endpoints, nves }, context);
    }
    case 'Nve':
      return describeNve(resource, await endpointsBy(`nve = "nves/${resource.id}"`), context);
    case 'Subnet': {
      const list: typeof nva.routers.list = (request, c) => nva.routers.list(request, c);
      const named = nameOf(resource);
      const ofRouter = `subnets:"${named}" OR exits.subnet:"${named}"`;
      const { resources: routers } = await listAll(list, ofRouter, call);
      const inNetwork = await endpointsBy(`network = "virtualNetworks/${resource.spec.network}"`);
      const endpoints = inNetwork.filter(({ spec }) =>
        spec.ips.some((ip) => subnetHolds(resource.spec, ip)),
      );
      return describeSubnet(resource, routers, endpoints, context);
    }
    case 'Router': {
      const names = resource.spec.subnets.map((id) => `name = "subnets/${id}"`);
      const subnets = names.length === 0 ? [] : await subnetsBy(names.join(' OR '));
      return describeRouter(resource, subnets, context);
    }
    case 'HostProfile':
      return describeHostProfile(resource, context);
    case 'Endpoint':
      return describeEndpoint(resource, context, await countersOf(session, resource.id));
  }
}

/** Undefined: the endpoint is gone by now. */
async function countersOf(
  { nva, call }: Session,
  id: string,
): Promise<EndpointCounters | undefined> {
  try {
    return (await nva.readCounters([id], call))[0];
  } catch (thrown) {
    if (NfvError.from(thrown).code === 'NOT_FOUND') return undefined;
    throw thrown;
  }
}
