import type { Interception } from './metadata.ts';

/** Stands for the node's own address in the arguments of a pod's container (Kubernetes, "Define Dependent Environment Variables"). */
export const HOST_IP = 'HOST_IP';

/**
 * The arguments with which a daemon adds its rule to PREROUTING of the nat table, in its own order: a `!` ahead of the
 * interface turns the match around. Undefined where podshift cannot know them: the daemon adds no rule, or the address
 * that it sends calls to cannot be read.
 * Sources: jtblin/kube2iam, iptables/iptables.go AddRule; uswitch/kiam, cmd/kiam/iptables.go ruleSpec.
 *
 * @example
 * ruleArguments(interception)?.join(' '); // '-p tcp -d 169.254.169.254 --dport 80 -j DNAT --to-destination $(HOST_IP):8181 -i eni+'
 */
export function ruleArguments({ iptables, hostAddress, hostInterface, metadataAddress, port }: Interception): string[] | undefined {
  if (!iptables || hostAddress === null) return undefined;
  const host = hostAddress.kind === 'node' ? `$(${HOST_IP})` : hostAddress.address;
  const isInverted = hostInterface.startsWith('!');
  return [
    ...['-p', 'tcp', '-d', metadataAddress, '--dport', '80'],
    ...['-j', 'DNAT', '--to-destination', `${host}:${port}`],
    ...(isInverted ? ['!', '-i', hostInterface.slice(1)] : ['-i', hostInterface]),
  ];
}

/** The rule as a person takes it away on one node. */
export function ruleRemoval(argumentList: readonly string[]): string {
  const words = argumentList.map((word) => (word === '!' ? "'!'" : word.replace(`$(${HOST_IP})`, 'NODE_ADDRESS')));
  return `iptables -t nat -D PREROUTING ${words.join(' ')}`;
}
