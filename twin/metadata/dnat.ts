import type { Daemon } from './daemon.ts';

/** One DNAT rule of a node: calls of these interfaces to instance metadata go to a port of the node. */
export interface Rule {
  readonly hostInterface: string;
  readonly address: string;
  readonly port: number;
  /** The address that they go to; `(node)` for the node's own. */
  readonly host: string;
}

/** The rule that a daemon adds (kube2iam: iptables/iptables.go; kiam: cmd/kiam/iptables.go). */
export function ruleOf(daemon: Daemon): Rule {
  const [portFlag, port] = daemon.program === 'kube2iam' ? (['app-port', 8181] as const) : (['port', 3100] as const);
  return {
    hostInterface: daemon.option('host-interface') ?? 'docker0',
    address: (daemon.option('metadata-addr') ?? '169.254.169.254').replace(/:\d+$/, ''),
    port: Number(daemon.option(portFlag) ?? port),
    host: daemon.option(daemon.program === 'kube2iam' ? 'host-ip' : 'host') ?? daemon.variable('HOST_IP') ?? '',
  };
}

/** Whether two rules are the same to iptables. */
export function sameRule(one: Rule, other: Rule): boolean {
  return wordsOf(one).join(' ') === wordsOf(other).join(' ');
}

/** Whether a rule is for an interface: `+` at the end stands for any rest, `!` ahead for all others (iptables(8)). */
export function covers(pattern: string, name: string): boolean {
  if (pattern.startsWith('!')) return !covers(pattern.slice(1).trim(), name);
  return pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** A rule as `iptables-save -t nat` would have it after `-A PREROUTING`, the daemons' own order of words kept. */
export function wordsOf({ hostInterface, address, port, host }: Rule): string[] {
  const isInverted = hostInterface.startsWith('!');
  const end = isInverted ? ['!', '-i', hostInterface.slice(1)] : ['-i', hostInterface];
  return ['-p', 'tcp', '-d', address, '--dport', '80', '-j', 'DNAT', '--to-destination', `${host}:${port}`, ...end];
}
