import { quotedWord as quoted } from '../src/model/text/shell-word.ts';
import { textFlag } from './context.ts';
import type { Invocation } from './program.ts';

/** Which flags a command takes of those that lead to a run. */
const TAKES = {
  run: ['--service', '--local', '--journal', '--profile', '--endpoint-url'],
  rollback: ['--service', '--local', '--journal', '--profile', '--endpoint-url'],
  status: ['--service', '--local', '--journal', '--profile'],
  report: ['--service', '--local', '--journal', '--profile'],
  watch: ['--service', '--local', '--journal', '--profile'],
  audit: ['--service', '--local', '--journal', '--profile'],
  approve: ['--service', '--profile'],
  plan: ['--role-arn', '--external-id', '--profile', '--endpoint-url'],
  fleet: ['--service', '--local', '--journal', '--profile', '--endpoint-url'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Flags of this machine's journal and of its AWS: none of them goes with a service. */
const LOCAL: readonly string[] = ['--journal', '--endpoint-url'];

/**
 * The whole command, from its words, that reaches the run, cluster and journal that this one reached: with every flag that it needs and
 * takes, quoted for a shell. All next commands that are printed are made here.
 */
export function nextCommand(invocation: Invocation, ...words: readonly string[]): string {
  const [name = ''] = words;
  const takes: readonly string[] = Object.hasOwn(TAKES, name) ? TAKES[name as keyof typeof TAKES] : [];
  const isService = textFlag(invocation, 'service') !== undefined && takes.includes('--service');
  const flags = takes
    .filter((flag) => !(isService && invocation.name !== 'fleet' && LOCAL.includes(flag)))
    .filter((flag) => !words.includes(flag))
    .flatMap((flag) => {
      if (invocation.flags[camel(flag)] === true) return [flag];
      const value = textFlag(invocation, camel(flag));
      return value === undefined ? [] : [flag, value];
    });
  const decides = words.findIndex((word) => DECIDING.includes(word));
  const at = decides === -1 ? words.length : decides;
  return ['podshift', ...words.slice(0, at), ...flags, ...words.slice(at)].map(quoted).join(' ');
}

/** The command as it was typed, quoted for a shell. */
export function sameCommand({ typed }: Invocation): string {
  return ['podshift', ...typed].map(quoted).join(' ');
}

/** What changes things stands last, where it is seen. */
const DECIDING: readonly string[] = ['--digest', '--stop', '--refuse', '--approve'];

function camel(flag: string): string {
  return flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export { quoted };
