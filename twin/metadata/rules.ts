import type { Daemon } from './daemon.ts';

/** What a daemon says to a pod that asks for its role: a role, no role at all (with 200 or 404), or that it may not have it. */
export type DaemonAnswer =
  | { readonly kind: 'role'; readonly roleArn: string; readonly externalId: string | undefined; readonly session: string | undefined }
  | { readonly kind: 'nothing' | 'forbidden'; readonly error: string };

/** What the answer depends on besides the daemon's flags. */
export interface Question {
  readonly pod: Readonly<Record<string, string>>;
  readonly namespace: Readonly<Record<string, string>>;
  readonly accountPrefix: string;
  readonly nodeRoleArn: string;
}

/** kube2iam's answer (jtblin/kube2iam at 4c4a2b4b: mappings/mapper.go, iam/arn.go, server/server.go). */
export function askKube2iam(daemon: Daemon, { pod, namespace, accountPrefix, nodeRoleArn }: Question): DaemonAnswer {
  const given = daemon.option('base-role-arn') ?? '';
  const base = daemon.isSet('auto-discover-base-arn') ? accountPrefix : given === '' || given.endsWith('/') ? given : `${given}/`;
  const arnOf = (role: string): string => (/^arn:/i.test(role) ? role : base + role);
  const fallback = daemon.isSet('auto-discover-default-role') ? nodeRoleArn : arnOf(daemon.option('default-role') ?? '');
  const asked = pod[daemon.option('iam-role-key') ?? 'iam.amazonaws.com/role'];
  if (asked === undefined && fallback === '') return { kind: 'nothing', error: 'unable to find role for IP' };
  const role = arnOf(asked ?? fallback);
  if (role.endsWith('/') || role === '') return { kind: 'nothing', error: 'Unable to locate credentials: the role list is empty' };
  if (daemon.isSet('namespace-restrictions') && role !== fallback) {
    let patterns: string[] = [];
    try {
      const read: unknown = JSON.parse(namespace[daemon.option('namespace-key') ?? 'iam.amazonaws.com/allowed-roles'] ?? '');
      if (Array.isArray(read) && read.every((item) => typeof item === 'string')) patterns = read;
    } catch {
      // What is no JSON names no role.
    }
    const byRegexp = (daemon.option('namespace-restriction-format') ?? 'glob').toLowerCase() === 'regexp';
    const allowed = patterns.map(arnOf).some((pattern) => (byRegexp ? search(pattern, role) : search(`^${globSource(pattern)}$`, role)));
    if (!allowed) return { kind: 'forbidden', error: `invalid role ${role} for namespace` };
  }
  return {
    kind: 'role',
    roleArn: role,
    externalId: pod[daemon.option('iam-external-id') ?? 'iam.amazonaws.com/external-id'],
    session: undefined,
  };
}

/** kiam's answer (uswitch/kiam at 29504044: pkg/server/policy.go, pkg/aws/sts/arn_resolver.go; v3 matched the annotation itself). */
export function askKiam(server: Daemon, { pod, namespace, accountPrefix }: Question): DaemonAnswer {
  const asked = pod['iam.amazonaws.com/role'] ?? '';
  if (asked === '') return { kind: 'nothing', error: 'no role: 404' };
  const base = server.option('role-base-arn') ?? (server.isSet('role-base-arn-autodetect') ? accountPrefix : '');
  const role = asked.startsWith('arn:') ? asked : base + (asked.startsWith('/') ? asked.slice(1) : asked);
  const permitted = namespace['iam.amazonaws.com/permitted'] ?? '';
  if (permitted === '') return { kind: 'forbidden', error: "namespace policy expression '(empty)' forbids role" };
  const expression = server.isSet('disable-strict-namespace-regexp') ? permitted : `^${permitted}$`;
  if (!search(expression, server.version >= 4 ? role : asked))
    return { kind: 'forbidden', error: `namespace policy expression '${permitted}' forbids role` };
  return { kind: 'role', roleArn: role, externalId: pod['iam.amazonaws.com/external-id'], session: pod['iam.amazonaws.com/session-name'] };
}

function globSource(pattern: string): string {
  return pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('\\*', '[\\s\\S]*');
}

/** A pattern that does not compile matches nothing. */
function search(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}
