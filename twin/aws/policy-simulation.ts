import { AwsError } from './errors.ts';
import { type QueryAction, required } from './iam.ts';
import { operatorArn } from './principals.ts';
import { conditionKeys, decide } from './role-permissions.ts';
import type { AwsState } from './state.ts';
import type { Context } from './trust-conditions.ts';

/** The most that IAM simulates in one page (IAM API reference, SimulatePrincipalPolicy: MaxItems). */
const PAGE_SIZE = 100;

/**
 * IAM's SimulatePrincipalPolicy for roles (IAM API reference, 2010-05-08): every action on every resource. Users and groups are not
 * found: the twin gives nobody a user's keys. Positions of matched statements are not told. The twin's own operator may do everything.
 */
export function simulatePrincipalPolicy(state: AwsState): QueryAction {
  return {
    write: false,
    object: (parameters) => parameters.get('PolicySourceArn') ?? '',
    run: (parameters) => {
      const source = required(parameters, 'PolicySourceArn');
      const actions = members(parameters, 'ActionNames');
      if (actions.length === 0) required(parameters, 'ActionNames');
      const role = state.roleByArn(source);
      if (role === undefined && source !== operatorArn(state)) throw notFound(source);
      const resources = members(parameters, 'ResourceArns');
      const context = contextOf(parameters);
      const missing = role === undefined ? [] : conditionKeys(state, role).filter((key) => context[key.toLowerCase()] === undefined);
      const results = actions.flatMap((action) =>
        (resources.length === 0 ? ['*'] : resources).map((resource) => ({
          EvalActionName: action,
          EvalResourceName: resource,
          EvalDecision: role === undefined ? 'allowed' : decide(state, role, { action, resource, context }),
          MatchedStatements: [],
          MissingContextValues: [...new Set(missing)],
        })),
      );
      const start = Number(parameters.get('Marker') ?? 0);
      const end = start + Number(parameters.get('MaxItems') ?? PAGE_SIZE);
      const more = end < results.length ? { IsTruncated: true, Marker: String(end) } : { IsTruncated: false };
      return { ...more, EvaluationResults: results.slice(start, end) };
    },
  };
}

/** The values of a list parameter, in their order. */
function members(parameters: URLSearchParams, name: string): string[] {
  const found: string[] = [];
  for (let index = 1; ; index += 1) {
    const value = parameters.get(`${name}.member.${index}`);
    if (value === null) return found;
    found.push(value);
  }
}

/** The condition keys that the request gives, in lower case. */
function contextOf(parameters: URLSearchParams): Context {
  const context: Record<string, string | readonly string[]> = {};
  for (let index = 1; ; index += 1) {
    const entry = `ContextEntries.member.${index}`;
    const key = parameters.get(`${entry}.ContextKeyName`);
    if (key === null) return context;
    const values = members(parameters, `${entry}.ContextKeyValues`);
    const isList = parameters.get(`${entry}.ContextKeyType`)?.endsWith('List') === true;
    context[key.toLowerCase()] = isList ? values : (values[0] ?? '');
  }
}

/** Sessions are no principals of the simulator: it takes the role behind them. */
function notFound(source: string): AwsError {
  const [, , service, , , resource = ''] = source.split(':');
  if (service !== 'iam' || !/^(user|role|group)\//.test(resource)) {
    return new AwsError('InvalidInput', 400, `Invalid Entity Arn: ${source} does not clearly define entity type and name.`);
  }
  const [type = '', ...path] = resource.split('/');
  return new AwsError('NoSuchEntity', 404, `The ${type} with name ${path.at(-1)} cannot be found.`);
}
