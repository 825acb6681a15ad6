import type { TrustPolicy } from '../trust/index.ts';

/**
 * Whether a statement for this OIDC provider admits more service accounts than it names: a wildcard in a subject under a
 * Like operator, or no condition on the subject at all.
 */
export function admitsWiderSubjects(policy: TrustPolicy, issuer: string, providerArn: string): boolean {
  const key = `${issuer}:sub`.toLowerCase();
  return policy.statements.some(({ value }) => {
    const principal = value.Principal;
    if (value.Effect !== 'Allow' || !listed(isRecord(principal) ? principal.Federated : undefined).includes(providerArn)) return false;
    const operators = Object.entries(isRecord(value.Condition) ? value.Condition : {});
    const subjects = operators.flatMap(([operator, keys]) =>
      Object.entries(isRecord(keys) ? keys : {}).flatMap(([name, values]) =>
        name.toLowerCase() === key ? [{ operator, values: listed(values) }] : [],
      ),
    );
    return (
      subjects.length === 0 ||
      subjects.some(({ operator, values }) => /stringlike/i.test(operator) && values.some((pattern) => /[*?]/.test(pattern)))
    );
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listed(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
}
