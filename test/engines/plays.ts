import { type ErrorName, PodshiftError } from '../../src/model/errors.ts';

/** One execution whose functions are scripted: what each answers decides the way through the definition. */
export interface Play {
  readonly title: string;
  readonly machine: 'migrate-cluster' | 'rollback-run';
  readonly input: object;
  readonly acts: Acts;
  /** What the waiting task is told, once its function has its token. */
  readonly answer?: { readonly output: unknown } | { readonly error: ErrorName; readonly cause: string };
}

/** What functions answer, by their logical IDs without their common ending. */
export type Acts = Readonly<Record<string, Act>>;

/** Answers one call, the `nth` (from 1) of this function for this subject; throws what the function fails with. */
type Act = (event: Call, nth: number) => unknown;

/** The fields of an event by which acts decide. */
interface Call {
  readonly runId: string;
  readonly unitId: string;
  readonly roleArn: string;
  readonly kind: string;
}

/** Whom a call is about, so that calls of one function for many are counted apart. */
export function subjectOf(event: unknown): string {
  const { unitId, roleArn, kind } = event as Partial<Call>;
  return unitId ?? roleArn ?? kind ?? '';
}

/** `true` at the first call and `false` after it, and so on: what a loop is driven by. */
const once = <T>(first: T, then: T): ((_event: Call, nth: number) => T) => {
  return (_event, nth) => (nth === 1 ? first : then);
};

const fails = (name: ErrorName) => (): never => {
  throw new PodshiftError(name, `scripted: ${name}`);
};

/** Fails once, then answers. */
const failsOnce =
  (name: ErrorName, output: unknown): Act =>
  (_event, nth) =>
    nth === 1 ? fails(name)() : output;

const READY = { status: 'ready', waitSeconds: 0, soakSeconds: 0 };
const WAITING = { status: 'waiting', waitSeconds: 1, soakSeconds: 0 };

/** The functions of one unit that are polled until they say that they are ready. */
const POLLED = [
  'CheckAddon',
  'CheckInjection',
  'ProveCredentials',
  'CheckRollout',
  'VerifyPods',
  'ConfirmUse',
  'CheckTogether',
  'CheckRenewal',
];
/** The functions of one unit whose answer is not looked at. */
const DONE = ['SplitServiceAccount', 'Associate', 'UpdateAddon', 'RestartWorkloads', 'FinishUnit'];

/**
 * What is in store for a unit is in its id: `KIND FUNCTION` for a function that fails for good, is throttled once, or has to
 * be asked twice; `KIND` alone for how it begins.
 */
export function unitsOf(functions: readonly string[]): string[] {
  const own = functions.filter((name) => !['UndoUnit', 'MarkNeedsOperator'].includes(name));
  return [
    ...['plain', 'ended', 'undo', 'split', 'addon', 'lost', 'needs-operator'],
    ...own.map((name) => `fail ${name}`),
    ...own.filter((name) => name !== 'UpdateAddon').map((name) => `throttle ${name}`),
    ...[...POLLED, 'UndoUnit'].map((name) => `wait ${name}`),
  ];
}

const ADDON = ['UpdateAddon', 'CheckAddon', 'CheckTogether'];

/** How a unit begins, so that its way leads past the function that its id names. */
function actionOf(unitId: string): string {
  const [kind = '', name = ''] = unitId.split(' ');
  if (kind === 'ended') return 'none';
  if (['undo', 'lost', 'needs-operator'].includes(kind) || name === 'UndoUnit') return 'undo';
  if (kind === 'split' || name === 'SplitServiceAccount') return 'split';
  return kind === 'addon' || ADDON.includes(name) ? 'update-addon' : 'associate';
}

/** The acts of every function of a unit, by what its id has in store. */
function unitActs(): Acts {
  const scripted = (name: string, output: unknown): Act => {
    return ({ unitId }, nth) => {
      if (unitId === `fail ${name}`) return fails('AccessDenied')();
      if (unitId === `throttle ${name}`) return failsOnce('Throttled', output)({} as Call, nth);
      return unitId === `wait ${name}` && nth === 1 ? WAITING : output;
    };
  };
  const undone = ({ unitId }: Call) => ({ ...READY, unitId, unitStatus: 'rolled-back' });
  return {
    ...Object.fromEntries(DONE.map((name) => [name, scripted(name, {})])),
    ...Object.fromEntries(POLLED.map((name) => [name, scripted(name, READY)])),
    OpenUnit: (event, nth) => scripted('OpenUnit', { action: actionOf(event.unitId) })(event, nth),
    RemoveAnnotations: (event, nth) =>
      scripted('RemoveAnnotations', { templates: event.unitId.includes('CheckRenewal') ? 1 : 0 })(event, nth),
    UndoUnit: (event, nth) => {
      if (['lost', 'needs-operator'].includes(event.unitId)) return fails('UndoFailed')();
      return event.unitId === 'wait UndoUnit' && nth === 1 ? WAITING : undone(event);
    },
    MarkNeedsOperator: ({ unitId }) => (unitId === 'lost' ? fails('JournalTooNew')() : { unitId, status: 'needs-operator' }),
  };
}

const RUN = { runId: 'r1', target: { clusterName: 'c' }, mode: 'run', approval: 'none', expectedDigest: null, options: {} };
const OPEN: Act = ({ runId, ...event }) => ({ ...RUN, ...event, runId, state: 'open', status: 'running' });
const NO_AGENT = { status: 'changes', begun: false, agent: 'ready' };

/** A run of one wave without anything in it, and nothing to retire. */
const CLUSTER: Acts = {
  OpenRun: OPEN,
  CheckCluster: () => ({}),
  TakeInventory: () => READY,
  MakePlan: () => NO_AGENT,
  ConfirmApproval: () => ({}),
  RequestApproval: () => ({}),
  InstallAgent: () => ({}),
  CheckAgent: () => READY,
  NextWave: once({ status: 'wave', wave: 0, roleArns: [], unitIds: [], iamWaitSeconds: 0 }, { status: 'done' } as never),
  GrantTrust: () => ({ wrote: true }),
  BlockRole: () => ({ wrote: false }),
  JudgeWave: () => ({ decision: 'continue', reason: '', roleArns: [] }),
  RevokeTrust: () => ({}),
  RolesToRetire: () => ({ done: true, items: [], after: '' }),
  RetireOldTrust: () => ({}),
  CloseRun: ({ runId, ...event }) => ({ runId, ...event }),
  ...unitActs(),
};

const wave = (contents: object) =>
  once({ status: 'wave', wave: 0, roleArns: [], unitIds: [], iamWaitSeconds: 0, ...contents }, { status: 'done' } as never);

/** Every way through migrate-cluster; `functions` are those of a unit. */
export function clusterPlays(functions: readonly string[]): Play[] {
  const play = (title: string, acts: Acts, more: Partial<Play> = {}): Play => {
    return { title, machine: 'migrate-cluster', input: RUN, ...more, acts: { ...CLUSTER, ...acts } };
  };
  return [
    play('units of every kind, failing, throttled and waiting at every function', { NextWave: wave({ unitIds: unitsOf(functions) }) }),
    play('roles that are written, blocked and revoked', {
      NextWave: wave({ roleArns: ['a', 'b', 'c'] }),
      GrantTrust: (event, nth) => {
        if (event.roleArn === 'b') return fails('TrustPolicyMoved')();
        return event.roleArn === 'c' ? failsOnce('LeaseHeld', { wrote: true })(event, nth) : { wrote: true };
      },
      BlockRole: failsOnce('Conflict', { wrote: false }),
      JudgeWave: failsOnce('ServiceUnavailable', { decision: 'continue', reason: '', roleArns: ['b'] }),
      RevokeTrust: failsOnce('RoleNotReady', {}),
    }),
    play('roles of which none is written', { NextWave: wave({ roleArns: ['a'] }), GrantTrust: () => ({ wrote: false }) }),
    play('a wave that halts', { JudgeWave: () => ({ decision: 'halt', reason: 'too many failed', roleArns: [] }) }),
    play('a wave that is to be taken back', { JudgeWave: () => ({ decision: 'rollback', reason: 'one failed', roleArns: [] }) }),
    play('roles to retire, in two batches', {
      RolesToRetire: (_event, nth) => ({ done: nth === 3, items: nth === 3 ? [] : [`a${nth}`, `b${nth}`], after: `b${nth}` }),
    }),
    play('a role that cannot be retired', {
      RolesToRetire: once({ done: false, items: ['a'], after: 'a' }, { done: true, items: [], after: '' }),
      RetireOldTrust: fails('WideningRefused'),
    }),
    play('an agent that is installed and waited for', {
      MakePlan: () => ({ ...NO_AGENT, agent: 'install' }),
      InstallAgent: failsOnce('ClusterUnreachable', {}),
      CheckAgent: once(WAITING, READY),
    }),
    play('an agent that does not get ready', { MakePlan: () => ({ ...NO_AGENT, agent: 'install' }), CheckAgent: fails('AgentNotReady') }),
    play('add-ons that are waited for ahead of the inventory', { TakeInventory: once(WAITING, READY) }),
    play('a run that has ended', { OpenRun: (event) => ({ ...RUN, ...event, state: 'ended', status: 'migrated' }) }),
    play('a run that is refused at the door', { OpenRun: fails('ClusterLocked') }),
    play('a cluster that cannot be worked on', { CheckCluster: fails('ConfigMapAuthentication') }),
    play('only a plan', { MakePlan: () => ({ ...NO_AGENT, status: 'planned' }) }),
    play('nothing to do', { MakePlan: () => ({ ...NO_AGENT, status: 'nothing' }) }),
    play(
      'a run that is taken up after its approval',
      { MakePlan: () => ({ ...NO_AGENT, begun: true }) },
      { input: { ...RUN, approval: 'required' } },
    ),
    play('a plan that is approved', {}, { input: { ...RUN, approval: 'required' }, answer: { output: { digest: 'd' } } }),
    play(
      'a plan whose approval fits no more',
      { ConfirmApproval: fails('WorldMoved') },
      { input: { ...RUN, approval: 'required' }, answer: { output: { digest: 'd' } } },
    ),
    play('a plan that is refused', {}, { input: { ...RUN, approval: 'required' }, answer: { error: 'ApprovalMismatch', cause: 'no' } }),
    play(
      'a plan whose approval cannot be asked for',
      { RequestApproval: fails('RunNotFound') },
      { input: { ...RUN, approval: 'required' } },
    ),
  ];
}

const BACK = { runId: 'r1', unitIds: null, reason: 'asked for' };
const OPENED = {
  runId: 'r1',
  status: 'open',
  reason: 'asked for',
  chosen: null,
  batch: { after: '' },
  agent: { tries: 0 },
  iamWaitSeconds: 1,
};

/** A way back without anything to take back. */
const ROLLBACK: Acts = {
  ClaimExecution: ({ runId }) => ({ ...BACK, runId: runId ?? 'r1', claimed: true }),
  OpenRollback: () => OPENED,
  RollbackBatch: () => ({ done: true, items: [], after: '' }),
  RestoreOldTrust: () => ({ wrote: true }),
  RevokeTrust: () => ({}),
  RemoveAgent: () => ({ ...READY, tries: 1 }),
  CloseRollback: (event) => ({ ...event, status: 'rolled-back' }),
  ...unitActs(),
};

/** One batch of a kind, then none: roles come twice, to be restored ahead of the units and revoked after them. */
const batches = (kind: string, items: readonly string[], times = 1): Act => {
  return (event, nth) => {
    const has = event.kind === kind && nth % 2 === 1 && nth <= 2 * times;
    return { done: !has, items: has ? items : [], after: has ? items.at(-1) : '' };
  };
};

/** Every way through rollback-run. */
export function rollbackPlays(): Play[] {
  const play = (title: string, acts: Acts, more: Partial<Play> = {}): Play => {
    return { title, machine: 'rollback-run', input: BACK, ...more, acts: { ...ROLLBACK, ...acts } };
  };
  const event = { executionArn: 'e1', status: 'FAILED', input: '{"runId":"r1"}', error: 'WaveFailed' };
  return [
    play('units that go back', { RollbackBatch: batches('units', ['plain', 'wait UndoUnit', 'lost', 'needs-operator']) }),
    play('roles that get their old trust back, and lose ours', {
      RollbackBatch: batches('roles', ['a', 'b'], 2),
      RestoreOldTrust: failsOnce('Throttled', { wrote: true }),
    }),
    play('roles whose old trust is there', { RollbackBatch: batches('roles', ['a']), RestoreOldTrust: () => ({ wrote: false }) }),
    play('a role that does not get its old trust back', { RollbackBatch: batches('roles', ['a']), RestoreOldTrust: fails('UndoFailed') }),
    play('a role that cannot be narrowed', {
      RollbackBatch: (call, nth) => batches('roles', ['a'])(call, nth - 1),
      RevokeTrust: fails('UndoFailed'),
    }),
    play('an agent that takes its time to go', { RemoveAgent: once({ ...WAITING, tries: 1 }, { ...READY, tries: 2 }) }),
    play('an agent that does not go', { RemoveAgent: fails('AccessDenied') }),
    play('nothing to take back', { OpenRollback: () => ({ ...OPENED, status: 'nothing' }) }),
    play('a run that is not there', { OpenRollback: fails('RunNotFound') }),
    play('an execution that failed', {}, { input: event }),
    play('an execution that another one took over', { ClaimExecution: () => ({ ...BACK, claimed: false }) }, { input: event }),
  ];
}
