import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isPodshiftError } from '../../../../src/model/errors.ts';
import { planComparison } from '../../../../src/model/plan-files/comparison.ts';
import { planFile } from '../../../../src/model/plan-files/file.ts';
import { canonicalJson, planDigest } from '../../../../src/plan/digest.ts';
import { comparePlans, renderComparison } from '../../../../src/report/plan/comparison.ts';
import { parsePlanFile, renderPlanFile } from '../../../../src/report/plan/file.ts';
import { describePlan } from '../../../../src/report/report.ts';
import { createPalette } from '../../../../src/report/text.ts';
import { CLUSTER, plan as planWith, role, roleArn, unit } from '../../fixtures/report-fixtures.ts';

const plan = (changes: Parameters<typeof planWith>[0] = {}) => {
  const made = planWith(changes);
  return { ...made, digest: planDigest(made) };
};
const fileOf = (made = plan()) => renderPlanFile(made, describePlan(made));
/** What the reader is told of a file; undefined where it is taken. */
function refusal(text: string): string | undefined {
  try {
    parsePlanFile(text, 'p.json');
    return undefined;
  } catch (error) {
    if (!isPodshiftError(error, 'PlanUnusable')) throw error;
    expect([error.code, error.exitCode]).toEqual(['PE110', 2]);
    // The words of a schema, of its library, or of JavaScript's JSON.
    expect(error.message).not.toMatch(/zod|expected|invalid|regex|pattern|unrecognized|token|position|undefined|\\/i);
    return error.message;
  }
}
/** The file with other members, with a checksum that fits them: as another podshift would have written it. */
function rewritten(change: (file: Record<string, unknown>) => void): string {
  const { checksum: _, ...file } = JSON.parse(fileOf()) as Record<string, unknown>;
  change(file);
  return JSON.stringify({ ...file, checksum: createHash('sha256').update(canonicalJson(file)).digest('hex') });
}

describe('a plan in a file', () => {
  it('is read as it was written, with the options and every field before and after', () => {
    const made = plan();
    const read = parsePlanFile(fileOf(made), 'p.json');
    expect(planFile.parse(JSON.parse(fileOf(made)))).toEqual(read);
    expect(read).toMatchObject({
      apiVersion: 'podshift/v1',
      kind: 'Plan',
      digest: made.digest,
      cluster: { arn: CLUSTER, name: 'pier', region: 'eu-central-1' },
      ...JSON.parse(JSON.stringify(describePlan(made))),
    });
    expect(read.changes.map(({ object, field }) => `${object} ${field}`)).toContain('Deployment/quay/tickets-api restart');
    expect(fileOf(made)).toBe(fileOf(made));
  });

  it('is taken however it is laid out: only what it says counts', () => {
    expect(refusal(JSON.stringify(JSON.parse(fileOf())))).toBeUndefined();
    expect(refusal(fileOf().replaceAll('\n', '\r\n'))).toBeUndefined();
    expect(refusal(`\uFEFF${fileOf()}`)).toBeUndefined();
  });

  it('is refused with any of its values changed, its digest and its checksum too', () => {
    const places: string[] = [];
    const walk = (value: unknown, put: (other: unknown) => string, place: string): void => {
      if (typeof value === 'object' && value !== null) {
        for (const [key, item] of Object.entries(value))
          walk(item, (other) => put(Array.isArray(value) ? value.with(Number(key), other) : { ...value, [key]: other }), `${place}.${key}`);
        return;
      }
      places.push(place);
      const other = typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : `${String(value)}x`;
      expect(refusal(put(other)), place).toBeDefined();
    };
    walk(JSON.parse(fileOf()), (other) => JSON.stringify(other), '');
    expect(places.length).toBeGreaterThan(200);
  });

  it.each<[string, string, RegExp]>([
    ['one that is empty', ' \n', /p\.json is empty/],
    ['one that was cut off', fileOf().slice(0, 900), /cut off/],
    ['one that is no plan', '[]', /its "kind" is not "Plan"/],
    ['a report', '{"apiVersion":"podshift/v1","kind":"RunReport"}', /its "kind" is not "Plan"/],
    [
      'one of another version',
      fileOf().replace('podshift/v1', 'podshift/v2'),
      /another version of podshift: its "apiVersion" is "podshift\/v2"/,
    ],
    ['one without a version', '{"kind":"Plan"}', /another version of podshift: its "apiVersion" is null/],
    ['what plan prints', '{"apiVersion":"podshift/v1","kind":"Plan"}', /"podshift plan --out FILE" keeps/],
    [
      'an edited one',
      fileOf().replace('"soakSeconds": 900', '"soakSeconds": 0'),
      /changed after podshift wrote it: its digest does not fit/,
    ],
    [
      'one whose decisions are others, with a checksum that fits',
      rewritten((file) => Object.assign(file, { decisions: {} })),
      /changed after podshift wrote it: its digest does not fit/,
    ],
    [
      'one with a field that this version does not know',
      rewritten((file) => Object.assign(file.options as object, { later: 1 })),
      /another version of podshift: this one cannot read its field "options"/,
    ],
    [
      'one with a member that this version does not know',
      rewritten((file) => Object.assign(file, { later: 1 })),
      /another version of podshift: this one cannot read its fields/,
    ],
  ])('is refused: %s', (_title, text, expected) => {
    expect(refusal(text)).toMatch(expected);
  });
});

describe('a plan that was kept, compared with the one of now', () => {
  const kept = parsePlanFile(fileOf(), 'p.json');
  const text = (comparison: ReturnType<typeof comparePlans>) =>
    renderComparison(comparison, { columns: Number.POSITIVE_INFINITY, palette: createPalette(false) });

  it('is alike where both decide the same', () => {
    const comparison = comparePlans(kept, plan({ madeAt: 'later' }));
    expect(comparison).toMatchObject({ same: true, units: { added: [], removed: [], changed: [] }, options: [], objects: [] });
    expect(text(comparison)).toMatch(
      /^plan of 2026-03-02T10:00:00\.000Z on pier \(eu-central-1, account 444455556666\): the same now\n {2}digest \w{64}\n$/,
    );
  });

  it('names units, options, and each object and field, with both values', () => {
    const before = plan();
    const [first, second, ...rest] = before.units;
    if (first === undefined || second === undefined) throw new TypeError('no units');
    const changed = role('quay/gates', false);
    const after = plan({
      options: { ...before.options, soakSeconds: 5, namespaces: ['quay'] },
      units: [{ ...first, before: { ...first.before, annotations: { a: 'b' } } }, ...rest, unit('quay/new')],
      roles: [role('quay/tickets'), changed, role('dock/lamps', false)],
    });
    const comparison = comparePlans(kept, after);
    expect(planComparison.parse(comparison)).toEqual(comparison);
    expect(comparison).toMatchObject({
      same: false,
      before: { digest: before.digest },
      after: { digest: after.digest },
      units: { added: ['quay/new'], removed: [second.id], changed: [first.id] },
      options: [
        { option: 'namespaces', before: [], after: ['quay'] },
        { option: 'soakSeconds', before: 900, after: 5 },
      ],
      objects: [
        { object: `Role/${roleArn('pier-gates')}`, kind: 'changed', field: 'trustAfter', after: changed.trustAfter },
        { object: `ServiceAccount/${second.id}`, kind: 'gone', field: '' },
        { object: 'ServiceAccount/quay/new', kind: 'new', field: '' },
        { object: `ServiceAccount/${first.id}`, kind: 'changed', field: 'before.annotations', before: {}, after: { a: 'b' } },
      ],
    });
    const lines = text(comparison);
    expect(lines).toContain('1 unit added, 1 removed, 1 changed, 2 options changed');
    expect(lines).toContain('soakSeconds: 900 -> 5\n');
    expect(lines).toContain(`  ServiceAccount/${second.id} is gone\n`);
    expect(lines).toContain('  ServiceAccount/quay/new is new\n');
    expect(lines).toMatch(/before\.annotations: \{\} -> \{"a":"b"\}\n/);
    expect(lines).toMatch(/trustAfter:\n +--- trust policy before\n[\s\S]*-.*"Sid": "Podshift0123456789ab0"/);
  });

  it('says of what is too long for a line that it differs', () => {
    const before = plan();
    const [first, ...rest] = before.units;
    if (first === undefined) throw new TypeError('no units');
    const after = plan({ units: [{ ...first, before: { ...first.before, annotations: { a: 'b'.repeat(400) } } }, ...rest] });
    expect(text(comparePlans(kept, after))).toContain('before.annotations: differs; "-o json" has both\n');
  });
});
