import type { Invocation } from '../program.ts';
import { readSettings, type Setting } from './file.ts';
import type { SettingName } from './table.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a command is called with once the settings have been looked at. */
export interface Settled {
  readonly invocation: Invocation;
  /** The environment, with the region of the settings where it had none. */
  readonly environment: Environment;
}

/** Flags that can be set, of those that a command may take. */
const SETTABLE = ['service', 'journal', 'region', 'profile', 'output'];

/** Flags that say that the command is to work in this process. */
const LOCAL = ['local', 'journal', 'endpointUrl', 'snapshot', 'resume'];

/**
 * The invocation with the settings of the environment and of the user's file in place of the flags that were not typed. Throws `UsageError`
 * for wrong settings.
 */
export async function withSettings(invocation: Invocation, environment: Environment): Promise<Settled> {
  if (!SETTABLE.some((flag) => invocation.takes[flag] !== undefined)) return { invocation, environment };
  return applySettings(invocation, environment, await readSettings(environment));
}

/** The same with settings that were read. Pure. */
export function applySettings(invocation: Invocation, environment: Environment, settings: readonly Setting[]): Settled {
  const { takes, flags } = invocation;
  const isOpen = (flag: string): boolean => takes[flag]?.given === false;
  const valueFor = (name: SettingName): string | undefined => settings.find((one) => one.name === name)?.value;
  const given = (flag: string): boolean => takes[flag]?.given === true;
  const set: Record<string, unknown> = {};

  // A fleet in a service works with --endpoint-url and --resume, too.
  const local = invocation.name === 'fleet' ? LOCAL.slice(0, 2) : LOCAL;
  const service = valueFor(invocation.name === 'fleet' ? 'fleetService' : 'service');
  if (service !== undefined && isOpen('service')) {
    if (!local.some(given)) set.service = service;
    // so that the commands that it prints stay here, too
    else if (takes.local !== undefined) set.local = true;
  }
  const journal = valueFor('journal');
  if (journal !== undefined && isOpen('journal') && set.service === undefined && !given('service')) set.journal = journal;
  const profile = valueFor('profile');
  if (profile !== undefined && isOpen('profile') && settings.some(({ name, source }) => name === 'profile' && source === 'file'))
    set.profile = profile;
  const output = valueFor('output');
  if (
    output !== undefined &&
    isOpen('output') &&
    takes.output?.choices?.includes(output) === true &&
    !(flags.watch === true && !isWatched(output))
  )
    set.output = output;
  const region = valueFor('region');
  return {
    invocation: { ...invocation, flags: { ...flags, ...set } },
    environment: region === undefined || takes.region === undefined ? environment : { ...environment, AWS_REGION: region },
  };
}

/** What `--watch` can print. */
function isWatched(output: string): boolean {
  return ['table', 'wide', 'json'].includes(output);
}
