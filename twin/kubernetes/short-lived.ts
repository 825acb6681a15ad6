import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { AwsSide, CallerIdentity } from '../contracts.ts';

/** How a container of a pod that ends by itself ended. */
export interface Ended {
  readonly exitCode: number;
  readonly message: string;
}

interface Container {
  readonly name: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly securityContext?: { readonly privileged?: boolean; readonly capabilities?: { readonly add?: readonly string[] } };
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
}

type Program = (pod: KubernetesObject, container: Container, aws: AwsSide) => Ended;

/** What the pod's containers come to, by name; undefined for a pod that goes on running. */
export function runShortLived(pod: KubernetesObject, aws: AwsSide): ReadonlyMap<string, Ended> | undefined {
  if (pod.spec.restartPolicy !== 'Never') return undefined;
  const containers = pod.spec.containers as Container[];
  const program = containers.map(programOf).find((found) => found !== undefined);
  return program === undefined ? undefined : new Map(containers.map((container) => [container.name, program(pod, container, aws)]));
}

/** What a container's line asks for; undefined for one that the twin takes for a service. */
function programOf({ command = [], args = [] }: Container): Program | undefined {
  const line = [...command, ...args].join(' ');
  if (/\bsts get-caller-identity\b/.test(line)) return (pod, { name }, aws) => probeResult(aws.callerIdentity(pod, name));
  if (/\biptables\b[\s\S]*-D PREROUTING/.test(line)) return removeRule;
  if (/\b(wget|curl)\b/.test(line) && line.includes('169.254.169.254/')) return getMetadata;
  return undefined;
}

/** What `aws sts get-caller-identity` prints, and its exit code (254: the service refused; 253: no credentials). */
function probeResult(identity: CallerIdentity): Ended {
  if (identity.error !== '' || identity.via === 'none') {
    return { exitCode: identity.via === 'none' ? 253 : 254, message: identity.error };
  }
  const arn = identity.assumedRoleArn === '' ? 'arn:aws:iam::000000000000:user/static-keys' : identity.assumedRoleArn;
  const session = arn.split('/').at(-1) ?? '';
  const message = JSON.stringify({ UserId: `AROATWIN:${session}`, Account: arn.split(':')[4] ?? '', Arn: arn });
  return { exitCode: 0, message };
}

/** A script that deletes the rule of its positional parameters (`sh -c SCRIPT NAME RULE…`) as often as it is there, and says how often. */
function removeRule(pod: KubernetesObject, container: Container, aws: AwsSide): Ended {
  const words = [...(container.command ?? []), ...(container.args ?? [])];
  const rule = words.slice(words.indexOf('-c') + 3).map((word) => expand(word, container));
  const { privileged, capabilities } = container.securityContext ?? {};
  // The tables of a pod that has a network of its own are its own, and empty.
  if (pod.spec.hostNetwork !== true) return { exitCode: 0, message: 'removed 0' };
  if (privileged !== true && capabilities?.add?.includes('NET_ADMIN') !== true)
    return {
      exitCode: 1,
      message: 'iptables v1.8.10 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)',
    };
  return { exitCode: 0, message: `removed ${aws.removeRule(String(pod.spec.nodeName), rule)}` };
}

/** The node's own address stands for what the downward API gives; the twin's daemons have it too. */
function expand(word: string, { env = [] }: Container): string {
  return word.replace(/\$\(([\w.-]+)\)/g, (whole, name) => {
    const variable = env.find((one) => one.name === name);
    return variable === undefined ? whole : variable.valueFrom === undefined ? (variable.value ?? '') : '(node)';
  });
}

/** What curl writes by `-w 'HTTP %{http_code}'`, or the words of its error; wget's are alike. */
function getMetadata(pod: KubernetesObject, _container: Container, aws: AwsSide): Ended {
  const answer = aws.instanceMetadata(pod);
  return { exitCode: 0, message: typeof answer === 'number' ? `HTTP ${answer}` : `HTTP 000 ${answer}` };
}
