import { Option } from 'commander';
import type { z } from 'zod';
import { PodshiftError } from '../src/model/errors.ts';
import { type MigrationOptions, migrationOptions } from '../src/model/options.ts';
import { nearest } from '../src/model/text/nearest.ts';
import { schemaProblem } from '../src/model/text/schema-problems.ts';
import { readYaml } from '../src/model/text/yaml-problem.ts';
import { readKnownSoftware } from './known-software-file.ts';

type Key = keyof MigrationOptions;

/** What --help says about each key; the type makes a new key of the options a compile error here. */
const HELP: Readonly<Record<Key, string>> = {
  namespaces: 'only service accounts of this namespace (repeat for more)',
  serviceAccounts: 'only this service account, NAMESPACE/NAME (repeat for more)',
  annotationPrefix: "prefix of the webhook's annotations",
  keepAnnotations: 'keep the old annotations, even after proof',
  foldAnnotationRemoval: 'take the annotations of kube2iam and kiam off with the first restart, not by a second one',
  allowClusterScope: 'where a scoped trust statement cannot work, admit every service account of this cluster',
  allowPodDeletion: 'evict the pods of OnDelete and partitioned sets, and of those of custom resources, one at a time',
  allowAgentPreemption: 'install the agent even if that evicts pods that use host port 80 or 2703 of their nodes',
  holdDowntime: 'block workloads whose restart is a downtime',
  accept: 'let this finding not block its service account, CODE:NAMESPACE/NAME (repeat for more)',
  knownSoftware: 'file with what you know of software and Pod Identity, in the form of docs/known-software.md',
  installAgent: 'install the Pod Identity agent where it is missing',
  retireOldTrust: "after an hour of proof (soak 3900 s or more), take what migrated out of the roles' OIDC statements",
  retireDaemon: 'after the migration, retire this daemon where nothing depends on it any more',
  retireOnly: 'migrate nothing: retire the daemon alone',
  retireImage: "image of the pods that remove the daemon's rule: any with /bin/sh, iptables and wget (default: the daemon's own)",
  retireNodesAtOnce: 'nodes on which such pods run at once',
  retireTimeoutSeconds: 'time limit for each phase of a retirement',
  probeImage: 'image of the probe pod: any with /bin/sh and the AWS CLI',
  waveSize: 'most units in one wave: waves grow 1, 5, 25, 125 and so on up to it',
  sequentialWaves: 'confirm each wave before the next one begins, also those after the first three',
  windowMinutes: 'minutes after which no further wave begins, a maintenance window (0: none)',
  restartPodsPerMinute: 'pods that a run may restart in one minute',
  failureThresholdPercent: "percent of a wave's units that may roll back before the run halts",
  onWaveFailure: 'what happens to the run when a wave is over that threshold',
  iamPropagationSeconds: 'wait after a trust policy was written',
  injectionChecks: 'dry runs in a row that must show the injection',
  injectionIntervalSeconds: 'time between two of them',
  injectionTimeoutSeconds: 'time limit for the injection',
  proofTimeoutSeconds: 'time limit for the probe pod',
  rolloutTimeoutSeconds: 'time limit for a roll-out',
  agentTimeoutSeconds: 'time limit for the agent',
  addonTimeoutSeconds: 'time limit for the update of an add-on',
  undoTimeoutSeconds: 'time limit for the undo of a unit',
  soakSeconds: 'time between the two verifications of the pods',
};

const KEYS = Object.keys(HELP) as Key[];

/** Flags of one value for keys that take many. */
const SINGULAR: Partial<Record<Key, string>> = { namespaces: 'namespace', serviceAccounts: 'service-account' };
const SHORT: Partial<Record<Key, string>> = { namespaces: '-n' };

/**
 * The flags of the migration options' keys, all of them where none are named, in kebab-case. A switch that is off by default has `--KEY`, one that is
 * on has `--no-KEY`; the other form is taken too, so that a flag can overrule an options file.
 */
export function migrationFlags(keys: readonly Key[] = KEYS): Option[] {
  return keys.flatMap(flagsOf);
}

/** Keys that matter to a run that retires a daemon alone. */
export const RETIREMENT_KEYS: readonly Key[] = [
  'annotationPrefix',
  'retireImage',
  'retireNodesAtOnce',
  'retireTimeoutSeconds',
  'iamPropagationSeconds',
  'undoTimeoutSeconds',
];

function flagsOf(key: Key): Option[] {
  if (key === 'knownSoftware') return [new Option('--known-software <file>', HELP[key]).argParser(readKnownSoftware)];
  const { type, values, fallback } = describe(key);
  const name = kebab(key);
  const read = (text: string): unknown => (type === 'number' ? number(`--${name}`, text) : text);
  if (type === 'boolean') {
    const on = new Option(`--${name}`, HELP[key]);
    const off = new Option(`--no-${name}`, fallback === true ? HELP[key].replace(/^/, 'do not ') : HELP[key]);
    return fallback === true ? [off, on.hideHelp()] : [on, off.hideHelp()];
  }
  if (type === 'array') {
    const collect = (text: string, before: unknown): string[] => [...(Array.isArray(before) ? before : []), ...text.split(',')];
    const singular = SINGULAR[key] ?? name;
    const shown = new Option(`${SHORT[key] === undefined ? '' : `${SHORT[key]}, `}--${singular} <name>`, HELP[key]).argParser(collect);
    if (singular === name) return [shown];
    return [shown, new Option(`--${name} <names>`).argParser(collect).hideHelp()];
  }
  if (values !== undefined) {
    return [new Option(`--${name} <${values.join('|')}>`, `${HELP[key]} (${String(fallback)})`).choices(values)];
  }
  const shown = fallback === '' ? HELP[key] : `${HELP[key]} (${String(fallback)})`;
  return [new Option(`--${name} <${type === 'number' ? 'n' : 'text'}>`, shown).argParser(read)];
}

/** Kind, choices and default of a key, as its schema says them. */
function describe(key: Key): { type: string; values: string[] | undefined; fallback: unknown } {
  const schema = migrationOptions.shape[key];
  const inner = schema.def.innerType as z.ZodType & { options?: string[] };
  return { type: inner.def.type, values: inner.def.type === 'enum' ? inner.options : undefined, fallback: schema.def.defaultValue };
}

function number(flag: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new PodshiftError('UsageError', `${flag} takes a whole number, not "${text}"`);
  return Number(text);
}

/**
 * The migration options of a command: the file's keys, overruled by the flags that were given. Throws `UsageError` for a
 * key that does not exist (it names the nearest one) and for a value of the wrong kind or size.
 *
 * @param flags what commander parsed; keys that are no migration option are left alone
 * @param file text and name of the `--options` file, if one was given
 */
export function migrationOptionsOf(
  flags: Readonly<Record<string, unknown>>,
  file?: { readonly name: string; readonly text: string },
): z.input<typeof migrationOptions> {
  const chosen: Record<string, unknown> = file === undefined ? {} : readOptionsFile(file);
  for (const key of KEYS) {
    const singular = SINGULAR[key];
    const given = [flags[key], singular === undefined ? undefined : flags[camel(singular)]].filter((value) => value !== undefined);
    if (given.length > 0) chosen[key] = given.length === 1 ? given[0] : given.flat();
  }
  const parsed = migrationOptions.safeParse(chosen);
  if (!parsed.success) throw new PodshiftError('UsageError', parsed.error.issues.map(describeIssue).join('; '));
  return chosen;
}

function readOptionsFile({ name, text }: { readonly name: string; readonly text: string }): Record<string, unknown> {
  const read = readYaml(text);
  if ('problem' in read) throw new PodshiftError('UsageError', `the options file ${name} is not YAML: ${read.problem}`);
  const value = read.value ?? {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PodshiftError('UsageError', `the options file ${name} must be a map of keys to values`);
  }
  for (const key of Object.keys(value)) {
    if ((KEYS as string[]).includes(key)) continue;
    const meant = nearest(key, KEYS);
    throw new PodshiftError(
      'UsageError',
      `unknown key "${key}" in the options file ${name}${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    );
  }
  return { ...value };
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const key = String(issue.path[0] ?? '');
  const flag = SINGULAR[key as Key] ?? kebab(key);
  return `--${flag} (${key}): ${schemaProblem(issue)}`;
}

function kebab(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function camel(flag: string): string {
  return flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
