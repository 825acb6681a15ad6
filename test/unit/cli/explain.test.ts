import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { explain, explanationOf } from '../../../cli/commands/explain.ts';
import { errorsOf, findingsOf } from '../../../cli/explain/pages.ts';
import { renderCodes, renderExplanations } from '../../../cli/explain/render.ts';
import type { Explanation } from '../../../cli/outputs/explanations.ts';
import { parseCommandLine } from '../../../cli/program.ts';
import { ERRORS } from '../../../src/model/errors.ts';
import { FINDINGS } from '../../../src/model/findings.ts';

const pageOf = (name: string) => readFile(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8');
const findings = findingsOf(await pageOf('findings'));
const errors = errorsOf(await pageOf('errors'));
const all = [...findings, ...errors];
const wide = { columns: Number.POSITIVE_INFINITY, color: false };

describe('the explanations', () => {
  it('are of every finding, as the table has it', () => {
    expect(
      findings.map(({ code, meaning, remedy, ...rest }) => [
        code,
        { severity: (rest as { severity: string }).severity, title: meaning, remedy },
      ]),
    ).toEqual(Object.entries(FINDINGS));
  });

  it('are of every error, as the table has it', () => {
    const told = new Map(errors.map((one) => [one.kind === 'error' ? one.name : '', one]));
    expect([...told.keys()].sort()).toEqual(Object.keys(ERRORS).sort());
    for (const [name, { code, exitCode, retryable }] of Object.entries(ERRORS))
      expect(told.get(name)).toMatchObject({ code, exitCode, retried: retryable, meaning: expect.stringMatching(/\S/) });
  });

  it('have no Markdown left', () => {
    for (const one of all) expect(JSON.stringify(one)).not.toMatch(/`|\*\*|\]\(/);
  });

  it('say what a group has in common, and what goes wrong in practice, of codes in a range too', () => {
    expect(all.find(({ code }) => code === 'PS803')?.about).toContain('compares a cluster with its last scan');
    expect(all.find(({ code }) => code === 'PE601')?.about).toContain('A journal is the folder as a whole: journal.db,');
    for (const code of ['PS303', 'PS305'])
      expect(all.find((one) => one.code === code)).toMatchObject({
        practice: [{ pain: 'the application names the web-identity provider itself' }],
        acceptable: true,
      });
    expect(all.find(({ code }) => code === 'PS101')).toMatchObject({ practice: [], acceptable: false });
  });
});

describe('a code', () => {
  it.each([
    ['ps305', 'PS305'],
    ['PE301', 'PE301'],
    ['clusternotfound', 'PE301'],
  ])('%s is found', (asked, code) => {
    expect(explanationOf(asked, all).code).toBe(code);
  });

  it.each([
    ['PS3O5', 'PS305'],
    ['P305', 'PS305'],
    ['PS-399', 'PS401'],
    ['PE999', 'PE901'],
    ['ClusterNotFoud', 'ClusterNotFound'],
  ])('%s is answered with the nearest one', (asked, meant) => {
    expect(() => explanationOf(asked, all)).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: `there is no code "${asked}"; did you mean ${meant}?`,
        remedy: expect.stringContaining('podshift explain'),
      }),
    );
  });

  it('that is like none is refused', () => {
    expect(() => explanationOf('nothing', all)).toThrow(expect.objectContaining({ message: 'there is no code "nothing"' }));
  });
});

describe('on a screen', () => {
  const of = (...codes: string[]): Explanation[] => codes.map((code) => explanationOf(code, all));

  it('a finding says what it does, what to do, and where it stands', () => {
    const text = renderExplanations(of('PS305'), wide);
    expect(text).toContain('PS305 blocker: A container names the web-identity provider\n');
    expect(text).toContain(`  what to do   ${FINDINGS.PS305.remedy}\n`);
    expect(text).toContain('  accept       where you know better: --accept PS305:NAMESPACE/SERVICEACCOUNT\n');
    expect(text).toContain('  page         docs/findings.md, "PS3xx: workloads and pods"\n');
    expect(renderExplanations(of('PS301'), wide)).not.toContain('--accept');
  });

  it('an error says its causes and its exit code', () => {
    const text = renderExplanations(of('PE302'), wide);
    expect(text).toContain('PE302 error CredentialsMissing: ');
    expect(text).toContain('  AWS SSO session: Sign in (aws sso login --profile NAME), then run the command again.\n');
    expect(text).toContain('  ends with    exit code 1\n');
  });

  it('fits into a terminal', () => {
    const text = renderExplanations(all, { columns: 60, color: false });
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(60);
    const list = renderCodes(all, { columns: 60, color: false });
    // a head, and a line for each code
    expect(list.trimEnd().split('\n')).toHaveLength(all.length + 1);
    for (const line of list.split('\n')) expect(line.length, line).toBeLessThanOrEqual(60);
  });
});

describe('podshift explain', () => {
  const run = async (...argv: string[]) => {
    const printed: string[] = [];
    const terminal = { data: async (text: string) => void printed.push(text), screen: wide };
    const invocation = parseCommandLine(['explain', ...argv], '0.0.0', 80);
    if ('text' in invocation) throw new Error('help, where a command was expected');
    expect(await explain({ terminal } as never, invocation)).toBe('done');
    return printed.join('');
  };

  it('lists all codes where none is named', async () => {
    const text = await run();
    for (const { code } of all) expect(text).toMatch(new RegExp(`^${code} `, 'm'));
  });

  it('explains several at once, each once, in the order in which they were asked for', async () => {
    const codes = async (...argv: string[]) =>
      (JSON.parse(await run(...argv, '-o', 'json')) as { codes: { code: string }[] }).codes.map(({ code }) => code);
    expect(await codes('PE301', 'ps101', 'ClusterNotFound')).toEqual(['PE301', 'PS101']);
    expect(await codes()).toEqual(all.map(({ code }) => code));
    expect(await run('PS101', '-o', 'yaml')).toContain('kind: Explanations\n');
  });
});
