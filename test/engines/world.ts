import { createLocalRuntime } from '../../engine/local-runtime.ts';
import { openMemoryJournal } from '../../engine/memory-journal.ts';
import type { Service } from '../../engine/service.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { ApprovalAnswer } from '../../src/model/run.ts';
import type { ExecutionStatus, Executions, StateMachineName } from '../../src/service/executions.ts';
import { createSystemClock, createVirtualClock } from '../../twin/clock.ts';
import type { TwinDelays, TwinHooks } from '../../twin/contracts.ts';
import type { Snapshot } from '../../twin/snapshot.ts';
import { startTwin, type Twin, type TwinSettings } from '../../twin/twin.ts';
import { LOOPBACK } from '../cluster/ports.ts';
import type { Packaged, Template } from '../support/package-service.ts';
import { deployedWith } from '../unit/fixtures/deployment.ts';
import { type Cloud, createCloudJournal, MACHINES, REGION, stateMachineArn } from './cloud.ts';
import { handOn, listen } from './hand-on.ts';
import { startLambda } from './lambda.ts';
import { applyRules } from './rule.ts';
import { SOAKS, shortSoaks } from './soaks.ts';

/** One engine over a twin of its own: what a scenario drives. */
export interface World {
  readonly twin: Twin;
  readonly journal: Journal;
  readonly executions: Executions;
  /** Waits for the end of an execution that was started, and of the way back that its failure starts. */
  ended(machine: StateMachineName, name: string): Promise<ExecutionStatus>;
  /** Answers the approval that a run waits for, once it does. Tells the token, which must be nowhere else. */
  answer(runId: string, decision: ApprovalAnswer['decision']): Promise<string>;
  /** All that the functions printed to their logs. */
  log(): string;
  close(): Promise<void>;
}

/** A world of moto's, whose time can be moved where its soak is scaled. */
export interface CloudWorld extends World {
  /** Lets so many seconds pass at once, for the functions and the twin. Step Functions' own waits stay as they are. */
  pass(seconds: number): Promise<void>;
  /** The seconds that a run was to wait for soaks so far, wait by wait; Step Functions waited `soakFor` at most for each. */
  soaks(runId: string): readonly number[];
}

/** The cluster of a scenario, and how it behaves. */
export interface Scene {
  readonly snapshot: Snapshot;
  /** Made anew for each engine, since hooks count. */
  readonly hooks?: ((twin: () => Twin) => TwinHooks) | undefined;
  /** What moto's Step Functions waits in place of a soak, at most, in seconds. */
  readonly soakFor?: number;
  /** What takes longer, or not as long, as in other scenes. */
  readonly delays?: Partial<TwinDelays>;
}

/** Everything of AWS and Kubernetes takes effect at once; CloudTrail delivers nothing before a run has ended. */
const DELAYS: TwinDelays = {
  iamPropagation: 0,
  associationPropagation: 0,
  addonActive: 0,
  podStart: 0,
  podReady: 0,
  cloudTrailDelivery: 3_600_000,
};

const START = Date.parse('2026-03-02T09:00:00Z');

/** How long to wait between two looks, in milliseconds. */
const LOOK = 100;

/** The twin of a scene, on a clock. */
export async function startScene({ snapshot, hooks, delays = {}, soakFor }: Scene, clock: TwinSettings['clock']): Promise<Twin> {
  const started: { twin?: Twin } = {};
  const itself = (): Twin => {
    if (started.twin === undefined) throw new TypeError('the twin is not started yet');
    return started.twin;
  };
  const hooked = hooks === undefined ? {} : { hooks: hooks(itself) };
  const twin = await startTwin({ snapshot, clock, delays: { ...DELAYS, ...delays }, ...hooked, dated: soakFor !== undefined });
  started.twin = twin;
  return twin;
}

/** podshift's own engine: the packaged definitions, the handlers of this project, virtual time, a journal in memory. */
export async function localWorld(service: Service, scene: Scene): Promise<World> {
  const clock = createVirtualClock(START);
  const twin = await startScene(scene, clock);
  const { journal, close } = openMemoryJournal({ clock });
  let log = '';
  const line = (message: string, fields?: Record<string, unknown>): void => {
    log += `${message} ${JSON.stringify(fields ?? {})}\n`;
  };
  const runtime = createLocalRuntime({
    clock: clock.engine,
    journal,
    endpoint: twin.awsEndpoint,
    credentials: twin.credentials,
    retryDelays: 'none',
    logger: { info: line, warn: line, error: line },
    // What the packaged template says of it.
    deployment: deployedWith(),
    service,
  });
  const executions = await runtime.executions();
  return {
    twin,
    journal,
    executions,
    ended: async (machine, name) => {
      await executions.settled();
      return statusOf(executions, machine, name);
    },
    answer: (runId, decision) => answerApproval(journal, executions, runId, decision),
    log: () => log,
    close: async () => {
      await executions.close();
      await close();
      await twin.close();
    },
  };
}

/** The time of a twin of moto's. */
interface Time {
  readonly clock: TwinSettings['clock'];
  pass(seconds: number): Promise<void>;
  /** How far it is ahead of the machine's, in milliseconds. */
  ahead(): number;
  close(): Promise<void>;
}

/** The machine's, as it is. */
function createMachineTime(): Time {
  const clock = createSystemClock();
  return {
    clock,
    pass: () => Promise.reject(new TypeError('only time in which a soak is scaled can be moved')),
    ahead: () => 0,
    close: async () => clock.close(),
  };
}

/** The machine's, until it is moved ahead. */
function createMovableTime(): Time {
  const clock = createVirtualClock(Date.now());
  // Only the machine's time moves it, and `pass`.
  clock.hold();
  let ahead = 0;
  let moving: Promise<void> = Promise.resolve();
  const move = (): Promise<void> => {
    moving = moving.then(() => clock.advance(Math.max(0, Date.now() + ahead - clock.now())));
    return moving;
  };
  const timer = setInterval(() => void move(), 20);
  return {
    clock,
    pass: (seconds) => {
      ahead += seconds * 1000;
      return move();
    },
    ahead: () => ahead,
    close: async () => {
      clearInterval(timer);
      await moving;
    },
  };
}

/** The account as the functions reach it: what it answers carries the world's time, which moto does not know of where it is moved. */
async function openAccount(cloud: Cloud, { soakFor }: Scene, time: Time): Promise<{ readonly endpoint: string; close(): Promise<void> }> {
  if (soakFor === undefined) return { endpoint: cloud.endpoint, close: async () => undefined };
  const { port, close } = await listen((incoming, outgoing) => handOn(incoming, outgoing, cloud.endpoint, () => time.clock.now()));
  return { endpoint: `http://${LOOPBACK}:${port}`, close };
}

/** Step Functions, Lambda and DynamoDB of moto: the packaged definitions and bundles, the machine's clock until it is moved. */
export async function cloudWorld(cloud: Cloud, packaged: Packaged, service: Service, name: string, scene: Scene): Promise<CloudWorld> {
  const time = scene.soakFor === undefined ? createMachineTime() : createMovableTime();
  const twin = await startScene(scene, time.clock);
  const tableName = `${name}-journal`;
  const { journal, close } = await createCloudJournal(cloud, tableName);
  const account = await openAccount(cloud, scene, time);
  const lambda = startLambda(packaged, environmentOf(packaged.template, account.endpoint, twin, { name, tableName }));
  const { Resources } = packaged.template;
  const functionName = (id: string): string => String(Resources[id]?.Properties.FunctionName);
  const { soakFor = Number.POSITIVE_INFINITY } = scene;
  const { invoke, asked } = shortSoaks(lambda.invoke, { soakFor, function: functionName(SOAKS) });
  const deployed = await cloud.deploy({ name, service, machines: MACHINES, functionName, invoke });
  const { executions } = deployed;
  const end = (machine: StateMachineName, execution: string): Promise<ExecutionStatus> =>
    until(async () => {
      const status = await statusOf(executions, machine, execution);
      return status === 'RUNNING' ? undefined : status;
    });
  return {
    twin,
    journal,
    executions,
    ended: async (machine, execution) => {
      const status = await end(machine, execution);
      const change = machine === 'migrate-cluster' ? await deployed.change(machine, execution) : undefined;
      const wayBack = change === undefined ? undefined : await applyRules(packaged.template, executions, change);
      if (wayBack !== undefined) await end('rollback-run', wayBack);
      return status;
    },
    answer: (runId, decision) => answerApproval(journal, executions, runId, decision),
    log: () => lambda.log(),
    soaks: asked,
    pass: async (seconds) => {
      await time.pass(seconds);
      lambda.setAhead(time.ahead());
    },
    close: async () => {
      await lambda.close();
      await account.close();
      close();
      await twin.close();
      await time.close();
    },
  };
}

/** The services that the twin stands in for; the others are moto's. */
const TWIN_SERVICES = ['EKS', 'IAM', 'STS', 'CLOUDTRAIL'];

/** Where functions find AWS: an endpoint for each service by the SDK's own variables, and credentials. */
export function placeOf(twin: Twin, endpoint: string, region: string): Readonly<Record<string, string>> {
  return {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: twin.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: twin.credentials.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: endpoint,
    ...Object.fromEntries(TWIN_SERVICES.map((service) => [`AWS_ENDPOINT_URL_${service}`, twin.awsEndpoint])),
  };
}

/**
 * The environment of the functions: a region, credentials, an endpoint for each service by the SDK's own variables, and
 * what the template gives them. What refers to other resources than the journal and the state machines is left out.
 */
function environmentOf(
  { Resources }: Template,
  endpoint: string,
  twin: Twin,
  stack: { readonly name: string; readonly tableName: string },
): Readonly<Record<string, string>> {
  const own = Object.values(Resources).flatMap(({ Type, Properties }) =>
    Type === 'AWS::Lambda::Function' ? Object.entries((Properties as Configured).Environment?.Variables ?? {}) : [],
  );
  const resolved = own.flatMap(([name, value]) => {
    const machine = MACHINES.find((one) => name === `${one.replace('-', '_').toUpperCase()}_ARN`);
    if (machine !== undefined) return [[name, stateMachineArn(stack.name, machine)]];
    if (typeof value === 'string') return [[name, value]];
    return 'Ref' in value && value.Ref === 'JournalTable' ? [[name, stack.tableName]] : [];
  });
  return { ...Object.fromEntries(resolved), ...placeOf(twin, endpoint, REGION) };
}

/** A function's properties, as far as they are looked at. */
interface Configured {
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string | { readonly Ref?: string }>> };
}

async function statusOf(executions: Executions, machine: StateMachineName, name: string): Promise<ExecutionStatus> {
  const status = await executions.status(machine, name);
  if (status === undefined) throw new Error(`there is no execution ${name} of ${machine}`);
  return status;
}

async function answerApproval(
  journal: Journal,
  executions: Executions,
  runId: string,
  decision: ApprovalAnswer['decision'],
): Promise<string> {
  const by = 'arn:aws:iam::111122223333:user/operator';
  const { token, answer } = await until(async () => {
    const run = (await journal.listRuns()).find((one) => one.runId === runId);
    if (run?.approval?.status !== 'waiting') return undefined;
    return journal.answerTaskToken(runId, { decision, digest: run.digest, by, at: '2026-03-02T09:00:00.000Z', requestId: 'r' });
  });
  if (decision === 'approve') await executions.succeedTask(token, answer);
  else await executions.failTask(token, 'ApprovalMismatch', 'the plan was refused');
  return token;
}

/** Asks until there is an answer; the test's own time-out is the end of it. */
async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}
