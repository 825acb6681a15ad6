import { type Act, type Acts, type Call, fails, failsOnce } from './acts.ts';

export const READY = { status: 'ready', waitSeconds: 0, soakSeconds: 0 };
export const WAITING = { status: 'waiting', waitSeconds: 1, soakSeconds: 0, tries: 1 };

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
export function unitActs(): Acts {
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
