import { AwsError } from './errors.ts';
import { isOperator } from './trust-conditions.ts';

/** What IAM needs to know of the account to check a trust document. */
export interface TrustValidation {
  readonly accountId: string;
  /** Whether a principal of this account exists; other accounts' principals are taken as existing. */
  readonly principalExists: (arn: string) => boolean;
  /** Characters, white space not counted: the quota ACLSizePerRole. */
  readonly sizeLimit: number;
}

const ELEMENTS = new Set(['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Condition']);

/**
 * Checks a trust document as UpdateAssumeRolePolicy does. Throws the `AwsError`s `MalformedPolicyDocument` (400) and
 * `LimitExceeded` (409) with IAM's own messages.
 */
export function validateTrust(text: string, validation: TrustValidation): void {
  if (!/^[\t\n\r\u0020-\u00FF]+$/.test(text)) throw malformed('The policy contains characters outside of U+0020 to U+00FF.');
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed('This policy contains invalid Json');
  }
  if (!isRecord(document)) throw malformed('Syntax errors in policy.');
  for (const key of Object.keys(document)) {
    if (!['Version', 'Id', 'Statement'].includes(key)) throw malformed('Syntax errors in policy.');
  }
  if ('Version' in document && document.Version !== '2012-10-17' && document.Version !== '2008-10-17') {
    throw malformed('The policy must contain a valid version string');
  }
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  if (document.Statement === undefined || statements.length === 0) throw malformed('Syntax errors in policy.');
  for (const statement of statements) validateStatement(statement, validation);
  const size = text.replace(/\s/g, '').length;
  if (size > validation.sizeLimit)
    throw new AwsError('LimitExceeded', 409, `Cannot exceed quota for ACLSizePerRole: ${validation.sizeLimit}`);
}

function validateStatement(statement: unknown, validation: TrustValidation): void {
  if (!isRecord(statement)) throw malformed('Syntax errors in policy.');
  for (const prohibited of ['Resource', 'NotResource']) {
    if (prohibited in statement) throw malformed('Has prohibited field Resource');
  }
  const unknown = Object.keys(statement).find((key) => !ELEMENTS.has(key));
  if (unknown !== undefined) throw malformed('Syntax errors in policy.');
  if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') throw malformed(`Invalid effect: ${String(statement.Effect)}`);
  if ('Principal' in statement === 'NotPrincipal' in statement) throw malformed('Missing required field Principal');
  if ('Action' in statement === 'NotAction' in statement) throw malformed('Missing required field Action');
  const actions = strings(statement.Action ?? statement.NotAction);
  if (actions === undefined || actions.length === 0) throw malformed('Syntax errors in policy.');
  for (const action of actions) {
    if (action !== '*' && !/^sts:/i.test(action)) throw malformed('AssumeRole policy may only specify STS AssumeRole actions.');
  }
  validatePrincipal(statement.Principal ?? statement.NotPrincipal, validation);
  validateCondition(statement.Condition);
}

function validatePrincipal(principal: unknown, validation: TrustValidation): void {
  if (principal === '*') return;
  if (!isRecord(principal) || Object.keys(principal).length === 0) throw malformed('Invalid principal in policy');
  for (const [type, value] of Object.entries(principal)) {
    const names = strings(value);
    if (names === undefined || !['AWS', 'Service', 'Federated', 'CanonicalUser'].includes(type))
      throw malformed('Invalid principal in policy');
    for (const name of names) {
      if (!isPrincipal(type, name, validation)) throw malformed(`Invalid principal in policy: "${type}":"${name}"`);
    }
  }
}

/** A deleted role or user shows as its unique id (`AROA…`, `AIDA…`), and no document that names one is taken again. */
function isPrincipal(type: string, name: string, validation: TrustValidation): boolean {
  if (type === 'Service') return /^[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|aws|aws\.internal|amazon\.com)$/.test(name);
  if (type === 'Federated')
    return /^arn:[a-z0-9-]+:iam::\d{12}:(oidc|saml)-provider\/.+$/.test(name) || /^[a-z0-9.-]+\.[a-z]+$/i.test(name);
  if (type === 'CanonicalUser') return name !== '';
  if (name === '*' || /^\d{12}$/.test(name) || /^arn:[a-z0-9-]+:iam::\d{12}:root$/.test(name)) return true;
  if (/^arn:[a-z0-9-]+:sts::\d{12}:(assumed-role|federated-user)\/.+$/.test(name)) return true;
  if (!/^arn:[a-z0-9-]+:iam::\d{12}:(role|user)\/[^*?]+$/.test(name)) return false;
  return name.split(':')[4] !== validation.accountId || validation.principalExists(name);
}

function validateCondition(condition: unknown): void {
  if (condition === undefined) return;
  if (!isRecord(condition)) throw malformed('Syntax errors in policy.');
  for (const [operator, keys] of Object.entries(condition)) {
    if (!isOperator(operator)) throw malformed(`Invalid Condition type : ${operator}`);
    if (!isRecord(keys) || Object.keys(keys).length === 0) throw malformed('Syntax errors in policy.');
    for (const [key, value] of Object.entries(keys)) {
      const values = Array.isArray(value) ? value : [value];
      if (!key.includes(':') || values.some((one) => !['string', 'number', 'boolean'].includes(typeof one)))
        throw malformed('Syntax errors in policy.');
    }
  }
}

function strings(value: unknown): string[] | undefined {
  const values = Array.isArray(value) ? value : [value];
  return values.every((one) => typeof one === 'string') ? values : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(message: string): AwsError {
  return new AwsError('MalformedPolicyDocument', 400, message);
}
