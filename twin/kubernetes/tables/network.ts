import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { AGE, type Column, column, NAME, pairs, selectorText, wide } from './column.ts';

/** How many hosts or endpoints a cell names. */
const SHOWN = 3;

/** Columns of network kinds, by `KIND.GROUP` (k8s.io/kubernetes pkg/printers/internalversion/printers.go). */
export const NETWORK: Readonly<Record<string, readonly Column[]>> = {
  Service: [
    NAME,
    column('Type', ({ spec }) => spec?.type ?? 'ClusterIP'),
    column('Cluster-IP', ({ spec }) => spec?.clusterIPs?.[0] ?? spec?.clusterIP ?? '<none>'),
    column('External-IP', externalIp),
    column('Port(s)', ({ spec }) => servicePorts(spec?.ports ?? []) || '<none>'),
    AGE,
    wide('Selector', ({ spec }) => pairs(spec?.selector)),
  ],
  Endpoints: [NAME, column('Endpoints', ({ subsets }) => endpoints(subsets ?? [])), AGE],
  'EndpointSlice.discovery.k8s.io': [
    NAME,
    column('AddressType', ({ addressType }) => addressType ?? ''),
    column('Ports', ({ ports }) =>
      some(
        (ports ?? []).map(({ port }: { port?: number }) => String(port ?? '*')),
        '<unset>',
      ),
    ),
    column('Endpoints', (slice) =>
      some(
        (slice.endpoints ?? []).flatMap((one: { addresses?: string[] }) => one.addresses ?? []),
        '<unset>',
      ),
    ),
    AGE,
  ],
  'Ingress.networking.k8s.io': [
    NAME,
    column('Class', ({ spec }) => spec?.ingressClassName ?? '<none>'),
    column('Hosts', ({ spec }) => hosts(spec?.rules ?? [])),
    column('Address', ({ status }) => balancers(status?.loadBalancer?.ingress)),
    column('Ports', ({ spec }) => ((spec?.tls?.length ?? 0) > 0 ? '80, 443' : '80')),
    AGE,
  ],
  'IngressClass.networking.k8s.io': [
    NAME,
    column('Controller', ({ spec }) => spec?.controller ?? ''),
    column('Parameters', ({ spec }) => parameters(spec?.parameters)),
    AGE,
  ],
  'NetworkPolicy.networking.k8s.io': [NAME, column('Pod-Selector', ({ spec }) => selectorText(spec?.podSelector)), AGE],
};

function externalIp({ spec, status }: KubernetesObject): string {
  const own: readonly string[] = spec?.externalIPs ?? [];
  switch (spec?.type ?? 'ClusterIP') {
    case 'ClusterIP':
    case 'NodePort':
      return own.join(',') || '<none>';
    case 'LoadBalancer':
      return [balancers(status?.loadBalancer?.ingress), ...own].filter((one) => one !== '').join(',') || '<pending>';
    case 'ExternalName':
      return spec?.externalName ?? '';
    default:
      return '<unknown>';
  }
}

function balancers(ingress: readonly { readonly ip?: string; readonly hostname?: string }[] | undefined): string {
  return (ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '').join(',');
}

function servicePorts(ports: readonly { readonly port: number; readonly nodePort?: number; readonly protocol?: string }[]): string {
  return ports
    .map(({ port, nodePort, protocol = 'TCP' }) => (nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`))
    .join(',');
}

function hosts(rules: readonly { readonly host?: string }[]): string {
  const named = rules.slice(0, SHOWN).flatMap(({ host }) => (host ? [host] : []));
  if (named.length === 0) return '*';
  return rules.length > SHOWN ? `${named.join(',')} + ${rules.length - SHOWN} more...` : named.join(',');
}

function endpoints(
  subsets: readonly { readonly addresses?: readonly { readonly ip: string }[]; readonly ports?: readonly { readonly port: number }[] }[],
): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0 ? addresses.map(({ ip }) => ip) : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  );
  return subsets.length === 0 ? '<none>' : some(all, '');
}

function hostPort(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function some(list: readonly string[], none: string): string {
  if (list.length === 0) return none;
  return list.length > SHOWN ? `${list.slice(0, SHOWN).join(',')} + ${list.length - SHOWN} more...` : list.join(',');
}

function parameters(given: { readonly apiGroup?: string; readonly kind?: string; readonly name?: string } | undefined): string {
  if (given === undefined) return '<none>';
  return `${given.kind ?? ''}${given.apiGroup === undefined ? '' : `.${given.apiGroup}`}/${given.name ?? ''}`;
}
