import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { fleet } from '../../../cli/commands/fleet.ts';
import { plan } from '../../../cli/commands/plan.ts';
import { run } from '../../../cli/commands/run.ts';
import { status } from '../../../cli/commands/status.ts';
import type { RunCommand } from '../../../cli/context.ts';
import { reportFailure } from '../../../cli/failure.ts';
import { watchFirstContact } from '../../../cli/first-contact.ts';
import { type Invocation, parseCommandLine } from '../../../cli/program.ts';
import { createTerminal } from '../../../cli/terminal.ts';
import { defaultCredentials } from '../../../src/aws/default-credentials.ts';
import { createClusterConnections } from '../../../src/kubernetes/connections.ts';
import { RESOURCES } from '../../../src/kubernetes/resources.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { execute, oneTask } from '../fixtures/engine-project.ts';
import { type ScriptedReply, startScript } from '../fixtures/scripted-server.ts';

const SHOP = fileURLToPath(new URL('../../../examples/shop', import.meta.url));
const KEY = 'AKIAIOSFODNN7EXAMPLE';
const SECRET = 'hunter2secret';
const USER = 'arn:aws:sts::111122223333:assumed-role/ops/me';
const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };
const folder = mkdtempSync(join(tmpdir(), 'podshift-errors-'));
const COMMAND = 'podshift plan --cluster shop --region eu-west-1';

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  for (const name of ['AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_ROLE_ARN', 'AWS_REGION'])
    vi.stubEnv(name, undefined);
  writeFileSync(
    join(folder, 'config'),
    '[profile sso]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Admin\nregion = eu-west-1\n[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n',
  );
  vi.stubEnv('HOME', folder);
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});

/** What a command that fails rejects with; in this process. */
async function failing(command: RunCommand, ...words: string[]): Promise<unknown> {
  const silent = { write: (_text: string, done?: () => void) => done?.() };
  const terminal = createTerminal({ stdout: silent, stderr: silent }, {}, { color: false });
  const context = { terminal, interrupts: { signal: new AbortController().signal }, environment: {}, debug: false };
  return thrown(async () => command(context as never, parseCommandLine(words, '0.0.0', 200) as Invocation));
}

async function thrown(work: () => Promise<unknown>): Promise<unknown> {
  return work().then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
}

/** Connections to an AWS and an API server that answer as the scripts say. */
async function world(aws: ScriptedReply, kubernetes: ScriptedReply = { body: {} }, assumeRoleArn: string | null = null) {
  const api = await startScript(() => kubernetes, true);
  const certificateAuthority = { data: Buffer.from(api.certificateAuthority).toString('base64') };
  const cluster = { name: 'shop', endpoint: api.url, certificateAuthority };
  const server = await startScript((request) => (aws === OK && /clusters/.test(request.path) ? { body: { cluster } } : aws));
  const credentials = { accessKeyId: KEY, secretAccessKey: SECRET };
  const made = createClusterConnections({ clock: { now: () => 0 }, endpoint: server.url, credentials, retryDelays: 'none' });
  return { made, place: { ...target, assumeRoleArn } };
}

const OK: ScriptedReply = { body: {} };
const queryError = (code: string, message: string, httpStatus = 403): ScriptedReply => ({
  status: httpStatus,
  headers: { 'x-amzn-requestid': 'req-0001' },
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>req-0001</RequestId></ErrorResponse>`,
});
const jsonError = (code: string, message: string, httpStatus = 403): ScriptedReply => ({
  status: httpStatus,
  headers: { 'x-amzn-errortype': code, 'x-amzn-requestid': 'req-0001' },
  body: { message },
});
const refusal = (action: string, resource: string): string =>
  `User: ${USER} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`;

async function iam(reply: ScriptedReply): Promise<unknown> {
  const { made, place } = await world(reply);
  return thrown(() => made.aws(place).iam.getRole('cart'));
}

async function eks(reply: ScriptedReply): Promise<unknown> {
  const { made, place } = await world(reply);
  return thrown(() => made.aws(place).eks.describeCluster());
}

async function kubernetes(reply: ScriptedReply): Promise<unknown> {
  const { made, place } = await world(OK, reply);
  return thrown(async () => (await made.kubernetes(place)).get(RESOURCES.pods, 'shop', 'a'));
}

/** What a command ends with that cannot reach a host, and after how many seconds. */
function unreached(host: string, code: string, service: 'eks' | 'kubernetes'): unknown {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const lines: string[] = [];
  const watch = watchFirstContact({ talk: (line) => void lines.push(line), talkColumns: 500 }, false, ['eks', 'kubernetes']);
  const began = Date.now();
  // The SDK's own tries, and those of the step.
  for (let second = 0; second < 30 && !watch.signal.aborted; second += 2) {
    watch.contacts.failed(host, code, service);
    if (!watch.signal.aborted) vi.advanceTimersByTime(2000);
  }
  expect(Date.now() - began).toBeLessThanOrEqual(30_000);
  return watch.signal.reason;
}

/** The example with one file in another text. */
async function snapshot(file: string, text: string): Promise<unknown> {
  const copy = mkdtempSync(join(folder, 'snapshot-'));
  cpSync(SHOP, copy, { recursive: true });
  writeFileSync(join(copy, file), text);
  return failing(plan, 'plan', copy);
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const NETWORK = /-> Check name resolution, firewall, proxy and VPC endpoints .*, then run again:/;
const ROLE = 'arn:aws:iam::111122223333:role/podshift-member';
const THROTTLED = { ErrorEquals: ['Throttled'], IntervalSeconds: 20, BackoffRate: 2, MaxAttempts: 3, MaxDelaySeconds: 60 };

/** Title, what fails, what the text has. */
const PATHS: readonly (readonly [string, () => unknown, readonly (string | RegExp)[]])[] = [
  [
    'IAM refuses',
    () => iam(queryError('AccessDenied', refusal('iam:GetRole', 'role cart'))),
    ['PE303 AccessDenied: not allowed to perform iam:GetRole:', USER, 'role cart', 'request id req-0001', 'docs/permissions.md'],
  ],
  [
    'EKS refuses',
    () => eks(jsonError('AccessDeniedException', refusal('eks:DescribeCluster', 'arn:aws:eks:eu-west-1:111122223333:cluster/shop'))),
    ['eks:DescribeCluster in eu-west-1', USER, 'cluster/shop', 'request id req-0001', 'docs/permissions.md'],
  ],
  [
    'STS refuses to assume a role',
    async () => {
      const { made } = await world(queryError('AccessDenied', refusal('sts:AssumeRole', ROLE)));
      return thrown(() => made.aws({ ...target, assumeRoleArn: ROLE }).eks.describeCluster());
    },
    [
      'PE313 MemberRoleRefused:',
      `sts:AssumeRole of ${ROLE} was refused`,
      USER,
      'in eu-west-1',
      'request id req-0001',
      'infra/member-account.yml',
    ],
  ],
  [
    'the API server refuses',
    () =>
      kubernetes({
        status: 403,
        body: {
          kind: 'Status',
          reason: 'Forbidden',
          message: `pods "a" is forbidden: User "${USER}" cannot get resource "pods" in API group "" in the namespace "shop"`,
        },
      }),
    ['PE402 KubernetesForbidden', 'on cluster shop', `User "${USER}" cannot get resource "pods"`, 'in the namespace "shop"', 'ClusterRole'],
  ],
  [
    'the API server knows nobody',
    () => kubernetes({ status: 401, body: { kind: 'Status', reason: 'Unauthorized', message: `token ${SECRET}` } }),
    ['PE401 KubernetesUnauthorized: cluster shop', 'aws eks create-access-entry'],
  ],
  [
    'a profile that is not there',
    () => thrown(defaultCredentials({ profile: 'nope', region: 'eu-west-1' })),
    ['the profile "nope" is not in the AWS configuration: there are sso', '--profile', 'aws configure sso', 'then run again:'],
  ],
  [
    'an SSO session that has expired',
    () => thrown(defaultCredentials({ profile: 'sso', region: 'eu-west-1' })),
    ['the SSO session of the profile "sso" has expired', 'aws sso login --profile sso', 'then run again:'],
  ],
  [
    'no credentials at all',
    () => thrown(defaultCredentials({ region: 'eu-west-1' })),
    ['no AWS credentials were found: no environment variables, no default profile', 'aws sso login', 'then run again:'],
  ],
  [
    'a token that has expired',
    () => iam(queryError('ExpiredToken', `The security token ${SECRET} included in the request is expired`)),
    ['the AWS session token has expired: iam:GetRole (ExpiredToken)', 'then run again:'],
  ],
  [
    'a key that AWS does not know',
    () => iam(queryError('InvalidClientTokenId', `The security token ${KEY} is invalid`)),
    ['AWS does not take the access key: iam:GetRole (InvalidClientTokenId)', 'aws sts get-caller-identity', 'then run again:'],
  ],
  [
    'another region, or a name that is not a cluster’s',
    () => eks(jsonError('ResourceNotFoundException', 'No cluster found for name: shop.', 404)),
    ['PE301 ClusterNotFound', 'shop', 'eu-west-1', 'aws eks list-clusters'],
  ],
  [
    'a host of AWS whose name is not known',
    () => unreached('eks.eu-west-1.amazonaws.com', 'ENOTFOUND', 'eks'),
    ['no connection to eks.eu-west-1.amazonaws.com: the name of the host is not known (ENOTFOUND); gave up after', NETWORK],
  ],
  [
    'a host of AWS that refuses',
    () => unreached('eks.eu-west-1.amazonaws.com', 'ECONNREFUSED', 'eks'),
    ['nothing listens there, or a firewall refuses it (ECONNREFUSED); gave up after', NETWORK],
  ],
  [
    'a host of AWS that is silent',
    () => unreached('eks.eu-west-1.amazonaws.com', 'ETIMEDOUT', 'eks'),
    ['it did not answer in time (ETIMEDOUT); gave up after', NETWORK],
  ],
  [
    'an API server whose name is not known',
    () => unreached('abc.eks.amazonaws.com', 'EAI_AGAIN', 'kubernetes'),
    [
      'PE404 ClusterUnreachable: no connection to abc.eks.amazonaws.com: the name of the host is not known',
      'gave up after',
      'private endpoint',
      'then run again:',
    ],
  ],
  [
    'an API server that refuses',
    () => unreached('abc.eks.amazonaws.com', 'ECONNREFUSED', 'kubernetes'),
    ['(ECONNREFUSED); gave up after', 'then run again:'],
  ],
  [
    'an API server that is silent',
    () => unreached('abc.eks.amazonaws.com', 'UND_ERR_CONNECT_TIMEOUT', 'kubernetes'),
    ['it did not answer in time', 'gave up after', 'then run again:'],
  ],
  [
    'a proxy that answers in place of AWS',
    () => unreached('eks.eu-west-1.amazonaws.com', 'SELF_SIGNED_CERT_IN_CHAIN', 'eks'),
    [/its certificate is not trusted \(SELF_SIGNED_CERT_IN_CHAIN\)\n/, 'NODE_EXTRA_CA_CERTS=FILE', 'then run again:'],
  ],
  [
    'a proxy that answers in place of the API server',
    () => unreached('abc.eks.amazonaws.com', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'kubernetes'),
    [/its certificate is not trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)\n/, 'Exempt the host from inspection', 'then run again:'],
  ],
  [
    'AWS throttles until the step gives up',
    () =>
      thrown(() =>
        execute(
          oneTask({ Retry: [THROTTLED] }),
          {},
          { first: () => Promise.reject(new PodshiftError('Throttled', 'iam:GetRole is throttled (Throttling)')) },
        ),
      ),
    [
      'PE304 Throttled: iam:GetRole is throttled (Throttling); gave up after 4 tries in 2 min',
      'Look for what else uses up the rate',
      'then run again:',
    ],
  ],
  [
    'AWS throttles, and nothing tries again but the SDK',
    () => iam(queryError('Throttling', 'Rate exceeded', 400)),
    ['iam:GetRole is throttled (Throttling); gave up after 5 tries in', 'then run again:'],
  ],
  [
    'AWS fails, and nothing tries again but the SDK',
    () => iam(queryError('ServiceFailure', SECRET, 500)),
    ['PE305 ServiceUnavailable', 'gave up after 5 tries in', 'https://health.aws.amazon.com', 'then run again:'],
  ],
  [
    'a snapshot whose JSON breaks',
    () => snapshot('eks/cluster.json', `{\n  "cluster": {\n    ${SECRET}\n`),
    ['PE102 SnapshotUnreadable: eks/cluster.json:3:5: expected JSON', 'podshift capture'],
  ],
  [
    'a snapshot whose JSON is cut off',
    () => snapshot('eks/cluster.json', '{\n  "cluster": {\n'),
    ['eks/cluster.json:3:1: expected JSON, but the text ends in the middle'],
  ],
  [
    'a snapshot whose YAML breaks',
    () => snapshot('kubernetes/other.yaml', `apiVersion: v1\nkind: Pod\nmetadata: {name: ${SECRET},\nspec: 1\n`),
    ['kubernetes/other.yaml:4:1: expected YAML, but the indentation does not fit, or a bracket is not closed'],
  ],
  [
    'a snapshot whose list is cut off',
    () => snapshot('kubernetes/other.yaml', 'apiVersion: v1\nkind: PodList\nmetadata: {continue: abc}\nitems: []\n'),
    ['kubernetes/other.yaml: the list is cut off', 'kubectl get'],
  ],
  [
    'a snapshot with an empty file',
    () => snapshot('eks/cluster.json', ''),
    ['eks/cluster.json: the file is empty', 'aws eks describe-cluster'],
  ],
  [
    'a snapshot with a field of another kind',
    () => snapshot('eks/cluster.json', '{"cluster": {"name": 3}}'),
    ['eks/cluster.json: ', 'must be a text'],
  ],
  [
    'a file that is not a plan',
    () => failing(run, 'run', '--plan', file('p.json', '{"kind": "Plan"}')),
    ['PE110 PlanUnusable: the plan file', 'podshift plan --out FILE'],
  ],
  [
    'a plan file that is cut off',
    () => failing(run, 'run', '--plan', file('q.json', '{"kind": "Pl')),
    ['PE110 PlanUnusable: the plan file', 'it was cut off', 'podshift plan --out FILE'],
  ],
  [
    'a fleet file that is not YAML',
    () => failing(fleet, 'fleet', 'plan', file('f.yaml', 'regions: [eu-west-1,\nwaveSize: 1\n')),
    ['is not YAML: line 2, column 1: the indentation does not fit', '--help'],
  ],
  [
    'a fleet file with a wrong region',
    () => failing(fleet, 'fleet', 'plan', file('g.yaml', 'regions: [Frankfurt]\n')),
    ['regions.0: expected a region such as eu-central-1', '--help'],
  ],
  [
    'a namespace that is not there',
    () => failing(plan, 'plan', SHOP, '-n', 'shpo'),
    ['--namespace shpo matches nothing', 'did you mean "shop"?', 'Nothing was changed.'],
  ],
  [
    'a service account that is not there',
    () => failing(plan, 'plan', SHOP, '--service-account', 'shop/oders'),
    ['--service-account shop/oders matches nothing', 'did you mean "shop/orders"?'],
  ],
  [
    'a canary that is not there',
    () => failing(fleet, 'fleet', 'rehearse', SHOP, '--canary', 'shpo'),
    ['the canary shpo is not among the clusters', 'did you mean "shop"?', 'Nothing was changed.'],
  ],
  ['a run that is not there', () => failing(status, 'status', 'nope', '--journal', join(folder, 'journal')), ['nope', 'podshift status']],
  [
    'a journal where none can be made',
    () => failing(run, 'run', '--cluster', 'shop', '--region', 'eu-west-1', '--approve', '--journal', join(file('plain', 'x'), 'journal')),
    [join(folder, 'plain'), 'PE60'],
  ],
];

/** How libraries speak, and how patterns and stacks look. */
const NEVER: readonly RegExp[] = [
  /\bzod\b|Invalid input|Unrecognized key|received undefined|expected string/i,
  /Flow (sequence|map)|block collection|implicit key|YAMLParseError/i,
  /Unexpected token|Unexpected end of JSON|is not valid JSON|SyntaxError/,
  /error: (unknown option|missing required|option )/,
  /\(\?[:=!<]|\[\^|\\[dws]\b|\^\[|\]\+\$|must match/,
  /\n\s+at \S+|\.ts:\d+:\d+/,
  /undefined|\[object |NaN/,
];

describe('the text of an error that ends a command', () => {
  it.each(PATHS)('says of %s what was seen and what to do', async (_title, fail, parts) => {
    const lines: string[] = [];
    const terminal = {
      talk: (line: string) => void lines.push(line),
      palette: (_tone: string, text: string) => text,
      talkColumns: 100_000,
    };
    const error = await fail();
    expect(error).toBeInstanceOf(PodshiftError);
    reportFailure(error, terminal as never, false, { command: COMMAND });
    const text = lines.join('\n');
    for (const part of parts) {
      if (typeof part === 'string') expect(text).toContain(part);
      else expect(text).toMatch(part);
    }
    expect(text).toMatch(/^error PE\d{3} \w+: .+\n(.*\n)* {2}-> /);
    for (const word of NEVER) expect(text).not.toMatch(word);
    expect(text).not.toContain(KEY);
    expect(text).not.toContain(SECRET);
    // What is to be run again stands whole, in one line.
    if (text.includes('then run again:')) expect(text.endsWith(`\n     ${COMMAND}`)).toBe(true);
  });
});
