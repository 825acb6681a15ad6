import { readFile } from 'node:fs/promises';
import { auditOf } from '../../src/audit/audit.ts';
import { endsOf, headOf, renderAudit } from '../../src/audit/chain.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import type { AuditLink, AuditVerdict } from '../../src/model/audit/record.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { auditRows } from '../../src/report/audit-rows.ts';
import { renderAuditPage } from '../../src/report/page/audit-page.ts';
import { count, hang } from '../../src/report/text.ts';
import { type CommandContext, type RunCommand, textFlag } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import type { Invocation } from '../program.ts';
import { isRemote, openService } from '../service/open.ts';
import { isSystemError, openJournalOf } from '../sessions.ts';
import { nextCommand } from '../shell.ts';
import { version } from '../version.ts';

/** `podshift audit RUN`: the record of a run; with `--verify FILE`, whether a file is one, and which. */
export const audit: RunCommand = async (context, invocation) => {
  const [runId] = invocation.arguments;
  const file = textFlag(invocation, 'verify');
  if (file !== undefined) return verify(context, invocation, file, runId);
  if (runId === undefined) throw new PodshiftError('UsageError', 'which run? give "audit RUN", or "audit --verify FILE"');
  for (const flag of ['against', 'hash'])
    if (textFlag(invocation, flag) !== undefined) throw new PodshiftError('UsageError', `--${flag} goes with --verify`);
  const links = await linksOf(context, invocation, runId);
  await context.terminal.data(await printed(links, invocation));
  return sayWhatIsAmiss(context, invocation, links);
};

async function printed(links: readonly AuditLink[], { flags }: Invocation): Promise<string> {
  if (flags.output === 'json') return renderAudit(links);
  return flags.output === 'html' ? renderAuditPage(links, await version()) : summary(links);
}

async function linksOf(context: CommandContext, invocation: Invocation, runId: string): Promise<AuditLink[]> {
  if (isRemote(invocation)) return openService(invocation, context).client.getAudit(runId);
  const { journal, close } = await openJournalOf(invocation, runId);
  return auditOf(journal, runId).finally(() => close());
}

async function verify(context: CommandContext, invocation: Invocation, file: string, argument: string | undefined): Promise<Exit> {
  if (argument !== undefined)
    throw new PodshiftError('UsageError', `"${argument}" is one argument too many: the run to compare with goes to --against`);
  if (invocation.flags.output === 'html')
    throw new PodshiftError('UsageError', '--verify goes with "-o table" and "-o json", not with "-o html"');
  const hash = textFlag(invocation, 'hash');
  if (hash !== undefined && !/^[0-9a-f]{64}$/.test(hash))
    throw new PodshiftError('UsageError', `--hash is 64 hex digits, as the run's event and log have them, and not "${hash}"`);
  const against = textFlag(invocation, 'against');
  const bytes = await bytesOf(file);
  const verdict = verifyAudit(bytes, { hash, run: against === undefined ? undefined : await linksOf(context, invocation, against) });
  const { terminal } = context;
  await terminal.data(invocation.flags.output === 'json' ? `${JSON.stringify(verdict, null, 2)}\n` : told(file, verdict));
  return verdict.honest ? 'done' : 'failed';
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new PodshiftError('UsageError', `could not read ${file} (${error.code})`, { cause: error });
  }
}

function told(file: string, { honest, run, records, problems, notes }: AuditVerdict): string {
  const of = run === null ? '' : ` of run ${run}`;
  const head = honest
    ? `${file}: unchanged, ${count(records ?? 0, 'record')}${of}`
    : `${file}: changed: ${count(problems.length, 'problem')}${of}`;
  const lines = [head, ...problems.map(({ what, message }) => `  ${what}: ${message}`), ...notes.map((note) => `  note: ${note}`)];
  return `${lines.join('\n')}\n`;
}

/** What the record says in a few lines: the record itself is for programs. */
function summary(links: readonly AuditLink[]): string {
  const rows = auditRows(links);
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return `${rows.map(([name, text]) => `${name.padEnd(width)}${text}`).join('\n')}\n`;
}

/** What is not as it should be in a record that podshift made itself. */
function sayWhatIsAmiss({ terminal }: CommandContext, invocation: Invocation, links: readonly AuditLink[]): Exit {
  const say = (text: string): void => terminal.talk(hang('', text, terminal.talkColumns));
  const runId = headOf(links).run;
  const gap = links.map(({ record }) => record).find((record) => record.kind === 'gap');
  const ends = endsOf(links);
  const later = links.slice(ends.at(-1)?.records ?? links.length);
  // A rollback that is under way goes on behind the end.
  if (later.length > 0 && !later.some(({ record }) => record.kind === 'rollback'))
    say(`${count(later.length, 'record')} came after the end of run ${runId}: a late write, or somebody changed the journal`);
  if (ends.length === 0) say(`run ${runId} has not ended: its record is made anew each time until then`);
  if (gap?.kind === 'gap') {
    say(
      `the journal of run ${runId} was changed: it had ${gap.records} records with the last hash ${gap.hash} at its end, and has them no more`,
    );
    return 'failed';
  }
  if (invocation.flags.output !== 'json') {
    terminal.talk('the whole record:');
    terminal.talk(`  ${nextCommand(invocation, 'audit', runId, '-o', 'json')}`);
  }
  return 'done';
}
