import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { KubernetesSide } from '../contracts.ts';

/** What a pod of kube2iam or kiam was started as. Written apart from the product's own reading, so that the one can judge the other. */
export interface Daemon {
  readonly program: 'kube2iam' | 'kiam-agent' | 'kiam-server';
  /** Major version of kiam; 4 where its image does not tell. */
  readonly version: number;
  option(name: string): string | undefined;
  isSet(name: string): boolean;
  /** What its environment holds; `(node)` for what the node alone knows. */
  variable(name: string): string | undefined;
  /** Whether it takes its rule away when it stops. */
  readonly cleansUp: boolean;
}

interface Container {
  readonly image?: string;
  readonly name: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: Record<string, { name: string; key: string }>;
  }[];
  readonly lifecycle?: { readonly preStop?: { readonly exec?: { readonly command?: readonly string[] } } };
}

/** The daemon that a pod runs; undefined for any other pod. */
export function daemonOf(pod: KubernetesObject, cluster: Pick<KubernetesSide, 'object'>): Daemon | undefined {
  const containers = (pod.spec?.containers ?? []) as Container[];
  const container = containers.find(
    ({ image = '', name }) => /(^|\/)(kube2iam|kiam)([:@-]|$)/.test(image) || /^(kube2iam|kiam)$/.test(name),
  );
  if (container === undefined) return undefined;
  const values = variables(container, pod.metadata.namespace, cluster);
  const line = commandLine(container, values);
  const isKube2iam = [container.image ?? '', container.name].some((text) => text.includes('kube2iam'));
  const isAgent =
    line.some((word) => /(^|\/)agent$/.test(word)) ||
    (!line.some((word) => /(^|\/)server$/.test(word)) && pod.metadata.name.includes('agent'));
  const program = isKube2iam ? 'kube2iam' : isAgent ? 'kiam-agent' : 'kiam-server';
  const option = (name: string): string | undefined => {
    for (let index = line.length - 1; index >= 0; index -= 1) {
      const word = line[index] as string;
      if (word === `--no-${name}`) return 'false';
      if (word.startsWith(`--${name}=`)) return word.slice(name.length + 3);
      if (word === `--${name}`) return line[index + 1]?.startsWith('--') === false ? line[index + 1] : 'true';
    }
    return undefined;
  };
  const isSet = (name: string): boolean => ['1', 't', 'true'].includes((option(name) ?? 'false').toLowerCase());
  const stop = (container.lifecycle?.preStop?.exec?.command ?? []).join(' ');
  const byItself = program === 'kiam-agent' && option('iptables-remove') !== 'false';
  return {
    program,
    version: Number(/\/?[^/@]*:v?(\d+)[^/@]*$/.exec((container.image ?? '').replace(/@.*/, ''))?.[1] ?? 4),
    option,
    isSet,
    variable: (name) => values.get(name),
    cleansUp: byItself || (/iptables/.test(stop) && /-D\b|-A\//.test(stop)),
  };
}

function variables(
  container: Container,
  namespace: string | undefined,
  cluster: Pick<KubernetesSide, 'object'>,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { name, value, valueFrom } of container.env ?? []) {
    const [kind, reference] = Object.entries(valueFrom ?? {})[0] ?? [];
    const source = kind === 'configMapKeyRef' ? 'ConfigMap' : 'Secret';
    const data = reference?.key === undefined ? undefined : cluster.object(source, namespace, reference.name)?.data?.[reference.key];
    const decoded = source === 'Secret' && data !== undefined ? Buffer.from(data, 'base64').toString() : data;
    values.set(name, value ?? decoded ?? '(node)');
  }
  return values;
}

function commandLine(container: Container, values: ReadonlyMap<string, string>): string[] {
  const words = [...(container.command ?? []), ...(container.args ?? [])].map((word) =>
    word.replace(/(\$?)\$\(([\w.-]+)\)/g, (whole, escaped, name) => (escaped === '' ? (values.get(name) ?? whole) : whole.slice(1))),
  );
  return /(^|\/)(ba|da)?sh$/.test(words[0] ?? '') ? words.slice(1).join(' ').split(/\s+/) : words;
}
