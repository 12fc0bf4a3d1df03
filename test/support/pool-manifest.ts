/** A manifest with the network blue, the NVEs host-a, -b and -c, and `count` endpoints over them. */
export const POOL_HOSTS = ['host-a', 'host-b', 'host-c'] as const;

export function poolManifest(count: number): string {
  const documents = [
    'kind: VirtualNetwork\nmetadata: {name: blue}\nspec: {vni: 100}\n',
    ...POOL_HOSTS.map(
      (host, i) =>
        `kind: Nve\nmetadata: {name: ${host}}\nspec: {vtepAddresses: [192.0.2.${i + 1}]}\n`,
    ),
    ...Array.from({ length: count }, (_, i) => {
      const host = POOL_HOSTS[i % POOL_HOSTS.length] ?? '';
      const port = `{veth: {netns: web-${i}}}`;
      return `kind: Endpoint\nmetadata: {name: web-${i}}\nspec: {network: blue, nve: ${host}, port: ${port}}\n`;
    }),
  ];
  return documents.map((text) => `apiVersion: nfv/v1\n${text}`).join('---\n');
}
