/** A small module of VPP's API definitions, for tests. */
export interface ModuleParts {
  readonly module?: string;
  readonly types?: readonly unknown[];
  readonly unions?: readonly unknown[];
  readonly enums?: readonly unknown[];
  readonly enumflags?: readonly unknown[];
  readonly aliases?: Readonly<Record<string, unknown>>;
  readonly messages?: readonly unknown[];
  readonly services?: Readonly<Record<string, unknown>>;
}

export const apiModule = (parts: ModuleParts): unknown => ({
  module: 'test',
  types: [],
  unions: [],
  enums: [],
  enumflags: [],
  aliases: {},
  messages: [],
  services: {},
  options: { version: '1.2.3' },
  vl_api_version: '0x12345678',
  ...parts,
});

/** A message with just an id before its fields: `["u8", "a"], ...`. */
export const bareMessage = (name: string, ...fields: readonly unknown[]): unknown[] => [
  name,
  ['u16', '_vl_msg_id'],
  ...fields,
  { crc: '0x01020304', options: {} },
];
