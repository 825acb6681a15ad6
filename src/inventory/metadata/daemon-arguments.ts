// biome-ignore lint/suspicious/noExplicitAny: a container as the API gives it
type Container = any;

/** ConfigMaps by name, key to value; of the daemon's own namespace. */
export type ConfigMapData = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** Stands for a value that is known at the node alone, such as its address. */
export const BY_NODE = '\u0000node\u0000';
/** Stands for a value that podshift may not or cannot read. */
export const UNREADABLE = '\u0000unreadable\u0000';

/** A daemon's command line, split into flags. */
export interface DaemonArguments {
  /** Words that are no flag, such as kiam's `agent`; a path is its last part. */
  readonly words: readonly string[];
  /** The last value of each flag; a flag without a value has `true`, one that is negated `false`. */
  readonly flags: ReadonlyMap<string, string>;
  /** What its environment holds. */
  readonly variables: ReadonlyMap<string, string>;
}

/** Flags that take no value of the next word (pflag and kingpin: a switch takes one by `=` alone). */
export type Switches = ReadonlySet<string>;

/**
 * Reads a container's command and arguments as Kubernetes hands them to the process: `$(VAR)` is the variable's value,
 * `$$(VAR)` is `$(VAR)` (Kubernetes API reference, Container), `--k=v` and `--k v` are the same, and a line for a shell is
 * split at its spaces. Values that come from a Secret are {@link UNREADABLE}.
 */
export function readArguments(container: Container, switches: Switches, configMaps: ConfigMapData): DaemonArguments {
  const environment = variablesOf(container, configMaps);
  const raw = [...(container.command ?? []), ...(container.args ?? [])].map((word: unknown) => expand(String(word), environment));
  const line = shellLine(raw);
  const words: string[] = [];
  const flags = new Map<string, string>();
  const all = line ?? raw;
  for (let index = 0; index < all.length; index += 1) {
    const word = all[index] as string;
    const match = /^--?([A-Za-z][\w-]*)(?:=([\s\S]*))?$/.exec(word);
    if (match === null) {
      words.push(word.split('/').at(-1) as string);
      continue;
    }
    const name = match[1] as string;
    const negated = name.startsWith('no-') && switches.has(name.slice(3)) && match[2] === undefined;
    if (negated) flags.set(name.slice(3), 'false');
    else if (match[2] !== undefined) flags.set(name, match[2]);
    else if (switches.has(name) || all[index + 1] === undefined || /^--/.test(all[index + 1] as string)) flags.set(name, 'true');
    else {
      index += 1;
      flags.set(name, all[index] as string);
    }
  }
  return { words, flags, variables: environment };
}

/** The words of `sh -c LINE`; undefined where no shell is asked. */
function shellLine(words: readonly string[]): string[] | undefined {
  const shell = /^(ba|da|a)?sh$/.test((words[0] ?? '').split('/').at(-1) as string);
  const at = words.findIndex((word) => /^-[a-z]*c$/.test(word));
  if (!shell || at === -1) return undefined;
  const text = words[at + 1] ?? '';
  return [...text.matchAll(/(?:"[^"]*"|'[^']*'|\\[\s\S]|[^\s"'\\])+/g)].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'|\\\n?/g, '$1$2'));
}

/** What the variables of a container hold: later ones may use earlier ones, as in the arguments. */
function variablesOf(container: Container, configMaps: ConfigMapData): Map<string, string> {
  const found = new Map<string, string>();
  let unreadable = false;
  for (const source of container.envFrom ?? []) {
    const data = source.configMapRef === undefined ? undefined : configMaps.get(source.configMapRef.name);
    if (data === undefined) unreadable = true;
    for (const [key, value] of Object.entries(data ?? {})) found.set(`${source.prefix ?? ''}${key}`, value);
  }
  for (const variable of container.env ?? []) {
    const from = variable.valueFrom;
    if (from === undefined) found.set(variable.name, expand(variable.value ?? '', found));
    else if (from.fieldRef !== undefined || from.resourceFieldRef !== undefined) found.set(variable.name, BY_NODE);
    else found.set(variable.name, configMaps.get(from.configMapKeyRef?.name)?.[from.configMapKeyRef?.key] ?? UNREADABLE);
  }
  // A variable that nobody names may come from what could not be read.
  if (unreadable) found.set('', UNREADABLE);
  return found;
}

function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\$)?\(([^()]*)\)/g, (whole, escaped: string | undefined, name: string) =>
    escaped === undefined ? (variables.get(name) ?? variables.get('') ?? whole) : whole.slice(1),
  );
}

/** Names of the ConfigMaps that a container's variables come from. */
export function configMapsOf(container: Container): string[] {
  const names = [
    ...(container.envFrom ?? []).map((source: Container) => source.configMapRef?.name),
    ...(container.env ?? []).map((variable: Container) => variable.valueFrom?.configMapKeyRef?.name),
  ];
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** Reads one flag after another, and remembers those whose value it could not. */
export class FlagReader {
  readonly #flags: ReadonlyMap<string, string>;
  readonly unread: string[] = [];

  constructor(flags: ReadonlyMap<string, string>) {
    this.#flags = flags;
  }

  text(name: string, fallback: string): string {
    const value = this.#flags.get(name);
    if (value === undefined) return fallback;
    if (!value.includes(UNREADABLE) && !value.includes(BY_NODE)) return value;
    this.unread.push(`--${name}`);
    return fallback;
  }

  /** As Go's strconv.ParseBool reads it; anything else stops the daemon, so nothing is known of it. */
  flag(name: string, fallback: boolean): boolean {
    const value = this.text(name, String(fallback));
    if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true;
    if (!/^(0|f|F|FALSE|false|False)$/.test(value)) this.unread.push(`--${name}`);
    return false;
  }

  /** An address: the node's own, or one that is written out; null where it is missing or comes from what podshift does not read. */
  address(name: string): { readonly kind: 'node' } | { readonly kind: 'address'; readonly address: string } | null {
    const value = this.#flags.get(name) ?? '';
    if (value === BY_NODE) return { kind: 'node' };
    return value === '' || value.includes(UNREADABLE) || value.includes(BY_NODE) ? null : { kind: 'address', address: value };
  }

  port(name: string, fallback: number): number {
    const value = Number(this.text(name, String(fallback)));
    if (Number.isInteger(value) && value > 0 && value < 65_536) return value;
    this.unread.push(`--${name}`);
    return fallback;
  }
}
