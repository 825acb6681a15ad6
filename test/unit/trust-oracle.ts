/**
 * A second reading of IAM's rules, kept apart from `src/trust`: it asks a document about every request of a small world,
 * one by one, with plain yes and no. What nobody knows (an unknown operator, a key whose value is not told) is answered
 * once with yes and once with no: whatever must hold has to hold in both readings.
 */

/** One request of the world: who calls, what, and what the call carries. */
export interface OracleRequest {
  readonly id: string;
  readonly type: 'AWS' | 'Service' | 'Federated';
  readonly name: string;
  readonly actions: readonly string[];
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/** How the unknown is answered. */
export interface Reading {
  readonly unknownOperator: boolean;
  readonly organisation: string | undefined;
}

export const READINGS: readonly Reading[] = [
  { unknownOperator: true, organisation: 'o-ours' },
  { unknownOperator: false, organisation: 'o-ours' },
  { unknownOperator: true, organisation: undefined },
  { unknownOperator: false, organisation: 'o-other' },
];

export const ORACLE_ACCOUNT = '111122223333';
export const ORACLE_CLUSTERS = ['prod', 'prod-eu', 'dev'];
export const ORACLE_NAMESPACES = ['shop', 'shop-eu', 'default'];
export const ORACLE_NAMES = ['pay', 'payment', 'api'];
export const ORACLE_ISSUERS = ['oidc.eks.eu-west-1.amazonaws.com/id/AAAA', 'oidc.eks.eu-west-1.amazonaws.com/id/AAAAB'];

export function oracleClusterArn(name: string): string {
  return `arn:aws:eks:eu-west-1:${ORACLE_ACCOUNT}:cluster/${name}`;
}

export function podIdentityId(cluster: string, namespace: string, name: string, tags: boolean): string {
  return `pods ${cluster} ${namespace}/${name}${tags ? '' : ' without tags'}`;
}

const worlds = new Map<string | undefined, OracleRequest[]>();

/** Every request of the world, under one reading. */
export function worldOf(reading: Reading): OracleRequest[] {
  const made = worlds.get(reading.organisation) ?? makeWorld(reading);
  worlds.set(reading.organisation, made);
  return made;
}

function makeWorld(reading: Reading): OracleRequest[] {
  const requests: OracleRequest[] = [];
  for (const namespace of ORACLE_NAMESPACES) {
    for (const name of ORACLE_NAMES) {
      for (const cluster of ORACLE_CLUSTERS) {
        for (const tags of [true, false]) {
          requests.push({
            id: podIdentityId(cluster, namespace, name, tags),
            type: 'Service',
            name: 'pods.eks.amazonaws.com',
            actions: ['sts:AssumeRole', 'sts:TagSession'],
            context: {
              'aws:SourceAccount': ORACLE_ACCOUNT,
              'aws:SourceArn': oracleClusterArn(cluster),
              'aws:PrincipalIsAWSService': 'true',
              ...(reading.organisation === undefined ? {} : { 'aws:SourceOrgID': reading.organisation }),
              ...(tags
                ? {
                    'aws:RequestTag/eks-cluster-arn': oracleClusterArn(cluster),
                    'aws:RequestTag/eks-cluster-name': cluster,
                    'aws:RequestTag/kubernetes-namespace': namespace,
                    'aws:RequestTag/kubernetes-service-account': name,
                    'aws:TagKeys': [
                      'eks-cluster-arn',
                      'eks-cluster-name',
                      'kubernetes-namespace',
                      'kubernetes-service-account',
                      'kubernetes-pod-name',
                      'kubernetes-pod-uid',
                    ],
                  }
                : {}),
            },
          });
        }
      }
      for (const issuer of ORACLE_ISSUERS) {
        requests.push({
          id: `token ${issuer} ${namespace}/${name}`,
          type: 'Federated',
          name: `arn:aws:iam::${ORACLE_ACCOUNT}:oidc-provider/${issuer}`,
          actions: ['sts:AssumeRoleWithWebIdentity'],
          context: {
            [`${issuer}:sub`]: `system:serviceaccount:${namespace}:${name}`,
            [`${issuer}:aud`]: 'sts.amazonaws.com',
            'aws:PrincipalIsAWSService': 'false',
          },
        });
      }
    }
  }
  for (const name of ['node', 'admin']) {
    requests.push({
      id: `role ${name}`,
      type: 'AWS',
      name: `arn:aws:iam::${ORACLE_ACCOUNT}:role/${name}`,
      actions: ['sts:AssumeRole'],
      context: { 'aws:SourceIp': '10.1.2.3', 'aws:PrincipalIsAWSService': 'false', 'aws:PrincipalAccount': ORACLE_ACCOUNT },
    });
  }
  requests.push({
    id: 'service ec2',
    type: 'Service',
    name: 'ec2.amazonaws.com',
    actions: ['sts:AssumeRole'],
    context: { 'aws:PrincipalIsAWSService': 'true' },
  });
  return requests;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/** The ids of the requests that a document admits. */
export function oracleAdmits(text: string, reading: Reading): Set<string> {
  const root = JSON.parse(text) as JsonObject;
  const statements = listOf(root.Statement ?? []) as JsonObject[];
  const admitted = worldOf(reading).filter((request) =>
    request.actions.every((action) => {
      const hits = statements.filter((statement) => hit(statement, request, action, reading));
      return hits.some((statement) => statement.Effect === 'Allow') && !hits.some((statement) => statement.Effect === 'Deny');
    }),
  );
  return new Set(admitted.map(({ id }) => id));
}

function hit(statement: JsonObject, request: OracleRequest, action: string, reading: Reading): boolean {
  const actions = listOf(statement.Action ?? statement.NotAction ?? []).map((each) => toPattern(String(each), 'i').test(action));
  if (actions.includes(true) !== (statement.Action !== undefined)) return false;
  if (!whoIs(statement.Principal ?? null, request)) return false;
  for (const [operator, block] of Object.entries((statement.Condition ?? {}) as JsonObject)) {
    for (const [key, values] of Object.entries(block as JsonObject)) {
      if (!holds(operator, key, listOf(values).map(String), request, reading)) return false;
    }
  }
  return true;
}

function whoIs(principal: Json, request: OracleRequest): boolean {
  if (principal === '*') return true;
  const byType = principal as JsonObject;
  if (listOf(byType.AWS ?? []).includes('*')) return true;
  const account = request.type === 'AWS' ? [`arn:aws:iam::${ORACLE_ACCOUNT}:root`, ORACLE_ACCOUNT] : [];
  return [request.name, ...account].some((name) => listOf(byType[request.type] ?? []).includes(name));
}

function holds(operator: string, key: string, expected: string[], request: OracleRequest, reading: Reading): boolean {
  const entry = Object.entries(request.context).find(([name]) => name.toLowerCase() === key.toLowerCase());
  const actual = entry === undefined ? [] : typeof entry[1] === 'string' ? [entry[1]] : [...entry[1]];
  let name = operator.toLowerCase();
  let set = '';
  if (name.includes(':')) [set = '', name = ''] = name.split(':');
  if (name === 'null') return expected.some((each) => (each === 'true') === (actual.length === 0));
  const optional = name.endsWith('ifexists');
  if (optional) name = name.slice(0, -'ifexists'.length);
  const negative = name.includes('not');
  const kind = name.replace('not', '');
  const matchers: Record<string, (value: string, each: string) => boolean> = {
    stringequals: (value, each) => value === each,
    stringequalsignorecase: (value, each) => value.toUpperCase() === each.toUpperCase(),
    stringlike: (value, each) => toPattern(each, '').test(value),
    arnequals: arnLike,
    arnlike: arnLike,
    bool: (value, each) => value === each.toLowerCase(),
  };
  const matcher = matchers[kind];
  if (matcher === undefined) return reading.unknownOperator;
  if (actual.length === 0) {
    if (optional || set === 'forallvalues') return true;
    return negative && set === '';
  }
  const single = (value: string): boolean => expected.some((each) => matcher(value, each)) !== negative;
  return set === 'foranyvalue' ? actual.some(single) : actual.every(single);
}

function arnLike(value: string, each: string): boolean {
  const [left, right] = [value.split(':'), each.split(':')];
  return left.length === right.length && right.every((part, index) => toPattern(part, '').test(left[index] ?? ''));
}

const patterns = new Map<string, RegExp>();

function toPattern(glob: string, flags: string): RegExp {
  const made = patterns.get(flags + glob) ?? makePattern(glob, flags);
  patterns.set(flags + glob, made);
  return made;
}

function makePattern(glob: string, flags: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${source}$`, flags);
}

function listOf(value: Json): Json[] {
  return Array.isArray(value) ? value : [value];
}
