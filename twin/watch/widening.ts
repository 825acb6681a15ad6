import { PODS_SERVICE } from '../aws/records.ts';
import { podIdentityContext } from '../aws/request-context.ts';
import type { AwsState } from '../aws/state.ts';
import type { Context } from '../aws/trust-conditions.ts';
import { type Caller, couldMatch, isAllowed, type Statement, type TrustDocument } from '../aws/trust-evaluation.ts';

/** Someone who might assume a role, in one set of circumstances. */
interface Candidate {
  readonly caller: Caller;
  readonly action: 'sts:AssumeRole' | 'sts:AssumeRoleWithWebIdentity';
  readonly context: Context;
  readonly label: string;
  /** The service account (`NAMESPACE/NAME`) of this cluster that a Pod Identity session is for; undefined for all else. */
  readonly serviceAccount: string | undefined;
}

/** Values tried for one condition key, and combinations of keys tried for one statement. */
const VALUES_PER_KEY = 12;
const COMBINATIONS = 240;

/**
 * Who can assume a role under `after` and could not under `before`, beyond the service accounts `allowed` (`NAMESPACE/NAME`)
 * by Pod Identity in this cluster. It tries every service account of the cluster, made-up ones around them, other clusters and
 * accounts, and everyone that the changed statements themselves name, in circumstances that their conditions ask for.
 */
export class Widening {
  readonly #state: AwsState;
  readonly #universe: readonly Candidate[];
  readonly #namespaces: readonly string[];
  readonly #byServiceAccount = new Map<string, Candidate[]>();

  /** `serviceAccounts`: all of the cluster, `NAMESPACE/NAME`. */
  constructor(state: AwsState, serviceAccounts: readonly string[]) {
    this.#state = state;
    const namespaces = [...new Set(serviceAccounts.map((key) => key.split('/')[0] ?? ''))];
    this.#namespaces = namespaces;
    const strangers = [
      ...namespaces.slice(0, 20).map((namespace) => `${namespace}/podshift-stranger`),
      'podshift-elsewhere/default',
      'podshift-elsewhere/podshift-stranger',
    ];
    this.#universe = [...serviceAccounts, ...strangers].map((key) => this.#podIdentity(key, {}));
    for (const candidate of this.#universe) {
      const name = candidate.serviceAccount?.split('/')[1] ?? '';
      const sameName = this.#byServiceAccount.get(name);
      if (sameName === undefined) this.#byServiceAccount.set(name, [candidate]);
      else sameName.push(candidate);
    }
  }

  grown(before: TrustDocument, after: TrustDocument, allowed: ReadonlySet<string>): string[] {
    const known = new Set(before.statements.map((statement) => statement.source));
    const kept = new Set(after.statements.map((statement) => statement.source));
    const changed = [
      ...after.statements.filter((one) => one.allow && !known.has(one.source)),
      ...before.statements.filter((one) => !one.allow && !kept.has(one.source)),
    ];
    if (changed.length === 0) return [];
    const found = new Set<string>();
    for (const candidate of this.#candidates(changed, before, after, allowed)) {
      if (candidate.serviceAccount !== undefined && allowed.has(candidate.serviceAccount)) continue;
      if (!found.has(candidate.label) && admits(after, candidate) && !admits(before, candidate)) found.add(candidate.label);
    }
    return [...found];
  }

  *#candidates(
    changed: readonly Statement[],
    before: TrustDocument,
    after: TrustDocument,
    allowed: ReadonlySet<string>,
  ): Generator<Candidate> {
    const pods: Caller = { type: 'Service', name: PODS_SERVICE };
    const all = [...before.statements, ...after.statements];
    const denyGone = changed.some((statement) => !statement.allow);
    const forPods = changed.filter((one) => couldMatch(one, pods, 'sts:AssumeRole') || couldMatch(one, pods, 'sts:TagSession'));
    if (denyGone || forPods.length > 0) {
      yield* denyGone ? this.#universe : this.#within(forPods);
      for (const key of allowed) yield* this.#elsewhere(key);
    }
    // A Deny that is gone lets through whoever any Allow names.
    for (const statement of denyGone ? all : changed) {
      for (const asked of circumstances(statement)) yield* this.#named(statement, asked);
    }
  }

  /** Those of the universe that the statements could admit: where each names its service accounts, only theirs. */
  #within(statements: readonly Statement[]): Iterable<Candidate> {
    const names = new Set<string>();
    for (const statement of statements) {
      const exact = statement.conditions.find(
        (one) =>
          one.key === 'aws:requesttag/kubernetes-service-account' &&
          one.operator === 'stringequals' &&
          one.quantifier === undefined &&
          !one.ifExists,
      );
      if (exact === undefined || exact.values.some((value) => value.includes('$'))) return this.#universe;
      for (const value of exact.values) names.add(value);
    }
    return [...names].flatMap(
      (name) => this.#byServiceAccount.get(name) ?? this.#namespaces.map((namespace) => this.#podIdentity(`${namespace}/${name}`, {})),
    );
  }

  /** The allowed service account's name, but in another cluster, another account, or in a session without tags. */
  *#elsewhere(key: string): Generator<Candidate> {
    const { partition, region, accountId, clusterArn } = this.#state;
    for (const [account, arn] of [
      [accountId, `arn:${partition}:eks:${region}:${accountId}:cluster/podshift-other`],
      ['999999999999', `arn:${partition}:eks:${region}:999999999999:cluster/${clusterArn.split('/')[1]}`],
    ] as const) {
      yield this.#podIdentity(key, {
        'aws:sourceaccount': account,
        'aws:sourcearn': arn,
        'aws:requesttag/eks-cluster-arn': arn,
        'aws:requesttag/eks-cluster-name': arn.split('/')[1] ?? '',
      });
    }
    yield {
      caller: { type: 'Service', name: PODS_SERVICE },
      action: 'sts:AssumeRole',
      context: podIdentityContext(this.#state, this.#state.clock.now(), undefined),
      label: `${PODS_SERVICE} for any service account of ${clusterArn} without session tags`,
      serviceAccount: undefined,
    };
  }

  /** Everyone that a statement's principals name, in the given circumstances. */
  *#named(statement: Statement, asked: Readonly<Record<string, string>>): Generator<Candidate> {
    const { partition, accountId } = this.#state;
    const everyone = statement.principals === '*' || statement.notPrincipal || (statement.principals.AWS ?? []).includes('*');
    const names = (type: string) => (statement.principals === '*' ? [] : (statement.principals[type] ?? []));
    const aws = new Set(
      names('AWS')
        .filter((name) => name !== '*')
        .map((name) => (/^\d{12}$/.test(name) ? `arn:${partition}:iam::${name}:root` : name)),
    );
    if (everyone) for (const account of [accountId, '999999999999']) aws.add(`arn:${partition}:iam::${account}:role/podshift-stranger`);
    for (const name of aws) yield plain({ type: 'AWS', name }, 'sts:AssumeRole', asked);
    for (const name of everyone ? ['lambda.amazonaws.com', PODS_SERVICE, ...names('Service')] : names('Service')) {
      if (name !== PODS_SERVICE) yield plain({ type: 'Service', name }, 'sts:AssumeRole', asked);
      else {
        const tag = (key: string) => asked[`aws:requesttag/kubernetes-${key}`];
        yield this.#podIdentity(`${tag('namespace') ?? 'podshift-elsewhere'}/${tag('service-account') ?? 'podshift-stranger'}`, asked);
      }
    }
    const providers = new Set(names('Federated'));
    if (everyone && this.#state.providerArn !== undefined) providers.add(this.#state.providerArn);
    for (const provider of providers) yield* this.#webIdentities(provider, asked);
  }

  *#webIdentities(provider: string, asked: Readonly<Record<string, string>>): Generator<Candidate> {
    const caller: Caller = { type: 'Federated', name: provider };
    const host = provider.split(':oidc-provider/')[1]?.toLowerCase() ?? '';
    const audience = asked[`${host}:aud`] ?? 'sts.amazonaws.com';
    const subjects =
      asked[`${host}:sub`] === undefined
        ? this.#universe.map((one) => `system:serviceaccount:${one.serviceAccount?.replace('/', ':')}`)
        : [asked[`${host}:sub`] as string];
    for (const subject of subjects) {
      const context = { ...asked, [`${host}:sub`]: subject, [`${host}:aud`]: audience, 'aws:federatedprovider': provider };
      yield { caller, action: 'sts:AssumeRoleWithWebIdentity', context, label: `${provider} ${subject}`, serviceAccount: undefined };
    }
  }

  #podIdentity(key: string, asked: Readonly<Record<string, string>>): Candidate {
    const [namespace = '', serviceAccount = ''] = key.split('/');
    const { accountId, clusterArn } = this.#state;
    const tags = {
      'eks-cluster-arn': clusterArn,
      'eks-cluster-name': this.#state.cluster.name,
      'kubernetes-namespace': namespace,
      'kubernetes-service-account': serviceAccount,
      'kubernetes-pod-name': 'podshift-stranger-0',
      'kubernetes-pod-uid': '00000000-0000-4000-8000-000000000000',
    };
    const context = { ...podIdentityContext(this.#state, this.#state.clock.now(), tags), ...asked };
    // Same cluster by every key that says which: then, and only then, it is this cluster's service account.
    const cluster = String(context['aws:sourcearn']);
    const here =
      cluster === clusterArn && context['aws:requesttag/eks-cluster-arn'] === clusterArn && context['aws:sourceaccount'] === accountId;
    return {
      caller: { type: 'Service', name: PODS_SERVICE },
      action: 'sts:AssumeRole',
      context,
      label: `${PODS_SERVICE} for system:serviceaccount:${namespace}:${serviceAccount} of ${here ? clusterArn : `another cluster (${cluster})`}`,
      serviceAccount: here ? key : undefined,
    };
  }
}

function plain(caller: Caller, action: Candidate['action'], context: Context): Candidate {
  const withPrincipal =
    caller.type === 'AWS'
      ? { 'aws:principalarn': caller.name, 'aws:principalaccount': caller.name.split(':')[4] ?? '', ...context }
      : context;
  return { caller, action, context: withPrincipal, label: caller.name, serviceAccount: undefined };
}

/** A tagged session needs the right to tag as well; one whose tags are off needs the role alone. */
function admits(document: TrustDocument, { caller, action, context }: Candidate): boolean {
  if (!isAllowed(document, { action, caller, context })) return false;
  return context['aws:tagkeys'] === undefined || isAllowed(document, { action: 'sts:TagSession', caller, context });
}

/** Sets of condition keys that a statement asks for, made of the values that its own conditions name. */
function* circumstances(statement: Statement): Generator<Record<string, string>> {
  const byKey = new Map<string, Set<string>>();
  for (const condition of statement.conditions) {
    const values = byKey.get(condition.key) ?? new Set<string>();
    byKey.set(condition.key, values);
    for (const value of condition.values.slice(0, VALUES_PER_KEY)) {
      values.add(value.replaceAll('*', '').replaceAll('?', 'x'));
      if (/[*?]/.test(value)) values.add(value.replaceAll('*', 'podshift-any').replaceAll('?', 'y'));
    }
  }
  const keys = [...byKey];
  const total = Math.min(
    COMBINATIONS,
    keys.reduce((product, [, values]) => product * values.size, 1),
  );
  for (let index = 0; index < total; index += 1) {
    let rest = index;
    const made: Record<string, string> = {};
    for (const [key, values] of keys) {
      made[key] = [...values][rest % values.size] ?? '';
      rest = Math.floor(rest / values.size);
    }
    yield made;
  }
  // Conditions that hold where a key is absent.
  if (keys.length > 0) yield {};
}
