import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced command of the README, with what is shown of its output. */
export interface Block {
  /** What follows the prompt. */
  readonly command: string;
  /** Lines that are shown now. */
  readonly shown: readonly string[];
  /** Which lines of the output to show, as the comment above the fence says. */
  readonly lines: string;
  /** It goes on until the last block is done. */
  readonly serves: boolean;
  /** How many of the next blocks are carried out while it goes on, once it soaks. */
  readonly meanwhile: number;
}

const BLOCK = /<!-- lines (.*?)((?: serves)?)((?: meanwhile \d+)?) -->\n```\n\$ (.*)\n([\s\S]*?)```\n/g;

/** The commands of a page with their outputs, in order; those without a comment above them are no part of the walk. */
export function blocksOf(page: string): Block[] {
  return [...page.matchAll(BLOCK)].map(([, lines = '', serves, meanwhile = '', command = '', shown = '']) => ({
    command,
    lines,
    shown: shown.split('\n').slice(0, -1),
    serves: serves !== '',
    meanwhile: Number(meanwhile.replace(/\D/g, '')),
  }));
}

/** The page with other lines shown: those of each block, in order. */
export function pageWith(page: string, shown: readonly (readonly string[])[]): string {
  let index = 0;
  return page.replace(BLOCK, (whole) => {
    const head = /^[\s\S]*?```\n\$ .*\n/.exec(whole)?.[0] ?? '';
    const lines = shown[index] ?? [];
    index += 1;
    return `${head}${lines.map((line) => `${line}\n`).join('')}\`\`\`\n`;
  });
}

/**
 * The lines that a comment asks for: `all`, `2-5`, `last 3`, and `/PATTERN/+4`, the first line that matches and so many from it on. Between
 * parts there is a line of three dots. Throws for a pattern that matches nothing.
 */
export function excerpt(output: readonly string[], lines: string): string[] {
  return lines.split(' ... ').flatMap((part, index) => {
    const chosen = chosenBy(output, part);
    if (chosen.length === 0) throw new Error(`"${part}" chooses none of these lines:\n${output.join('\n')}`);
    return index === 0 ? chosen : ['...', ...chosen];
  });
}

function chosenBy(output: readonly string[], part: string): string[] {
  if (part === 'all') return [...output];
  const range = /^(\d+)-(\d+)$/.exec(part);
  if (range !== null) return output.slice(Number(range[1]) - 1, Number(range[2]));
  const last = /^last (\d+)$/.exec(part);
  if (last !== null) return output.slice(-Number(last[1]));
  const [, pattern = '', count = '1'] = /^\/(.*)\/\+(\d+)$/.exec(part) ?? [];
  const from = output.findIndex((line) => pattern !== '' && new RegExp(pattern).test(line));
  return from === -1 ? [] : output.slice(from, from + Number(count));
}

/** A line without what differs from one run to the next: ids, digests, times, ports, folders. */
export function normal(line: string): string {
  return line
    .replace(/\b0m[0-9a-z]{24}\b/g, 'RUN')
    .replace(/\b[0-9a-f]{64}\b/g, 'DIGEST')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME')
    .replace(/^ *\+[\d:]+ /, '+TIME ')
    .replace(/\bin (\d+ h )?(\d+ min )?\d+ s\b/, 'in TIME')
    .replace(/127\.0\.0\.1:\d+/g, 'HOST')
    .replace(/\/\S*podshift-twin-\w+\/kubeconfig/g, 'KUBECONFIG');
}

/** Carries out every command, each as typed, in a folder of its own, and gives what each printed on both streams. */
export async function walk(blocks: readonly Block[]): Promise<string[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'podshift-readme-'));
  await mkdir(join(folder, 'work'));
  const cwd = join(folder, 'work');
  await symlink(join(ROOT, 'examples'), join(cwd, 'examples'));
  const started: Typed[] = [];
  const environment: Record<string, string> = {};
  const known: Record<string, string> = {};
  const note = (text: string): void => {
    known.DIGEST = /--digest ([0-9a-f]{64})/.exec(text)?.[1] ?? known.DIGEST ?? '';
    known.RUN = /^run (0m[0-9a-z]{24}) on /m.exec(text)?.[1] ?? known.RUN ?? '';
    for (const [, name = '', value = ''] of text.matchAll(/(?:^export | )([A-Z_]+)=(\S+)(?= |$)/gm))
      if (/^(AWS|KUBE)/.test(name)) environment[name] = value;
  };
  try {
    let under: { readonly typed: Typed; left: number } | undefined;
    for (const block of blocks) {
      const command = block.command.replace(/\b(RUN|DIGEST)\b/g, (name) => known[name] ?? name);
      const typed = type(command, cwd, { ...environment, XDG_STATE_HOME: join(folder, 'state') });
      started.push(typed);
      if (block.serves) await typed.seen(/podshift plan --cluster/);
      else if (block.meanwhile > 0) {
        await typed.seen(/soaking/);
        under = { typed, left: block.meanwhile + 1 };
      } else await typed.ended;
      // What a run is called it says at once; a rehearsal's name is nobody's to look up.
      if (!/rehearse/.test(command)) note(typed.text());
      if (under !== undefined) under.left -= 1;
      if (under?.left === 0) {
        await under.typed.ended;
        note(under.typed.text());
        under = undefined;
      }
    }
    return started.map((typed) => typed.text().split('\n').slice(0, -1));
  } finally {
    for (const typed of started) await typed.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Typed {
  /** All that was printed so far, with the end of the last line. */
  text(): string;
  seen(pattern: RegExp): Promise<void>;
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

function type(command: string, cwd: string, environment: NodeJS.ProcessEnv): Typed {
  const typed = command.replace(/^npx podshift /, `'${process.execPath}' '${join(ROOT, 'cli/main.ts')}' `);
  const clean = { PATH: process.env.PATH, HOME: cwd, TMPDIR: process.env.TMPDIR, AWS_EC2_METADATA_DISABLED: 'true', NO_COLOR: '1' };
  const child = spawn('bash', ['-c', `exec ${typed} 2>&1`], {
    cwd,
    env: { ...clean, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  let text = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    for (const listener of listeners) listener();
  });
  return {
    text: () => (text.endsWith('\n') || text === '' ? text : `${text}\n`),
    ended,
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        ended.then(() => reject(new Error(`${command} ended:\n${text}`)));
        look();
      }),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
