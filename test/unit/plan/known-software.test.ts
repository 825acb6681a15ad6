import { describe, expect, it } from 'vitest';
import { isOf, type KnownSoftwareRow, knownSoftwareRow } from '../../../src/model/known-software/known-software.ts';
import { KNOWN_SOFTWARE } from '../../../src/model/known-software/table.ts';
import { readImage } from '../../../src/model/versions.ts';
import { knownImages } from '../../../src/plan/known-software.ts';
import { checkCase } from '../fixtures/plan-cases.ts';
import { type Case, used } from '../fixtures/plan-inventories.ts';

const running = (...images: string[]) => used({ images: images.map((image, index) => ({ container: `c${index}`, image })) });
const own = (row: Partial<KnownSoftwareRow>) =>
  knownSoftwareRow.parse({ images: ['**/team/app'], source: 'https://example.com/app', ...row });

describe('an image', () => {
  it.each([
    ['nginx', 'nginx', null],
    ['nginx:1.27', 'nginx', '1.27'],
    ['localhost:5000/a/b', 'localhost:5000/a/b', null],
    ['localhost:5000/a/b:v1.2.3', 'localhost:5000/a/b', '1.2.3'],
    [
      '602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/aws-efs-csi-driver:v1.7.6-eksbuild.2',
      '602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/aws-efs-csi-driver',
      '1.7.6',
    ],
    ['fluent/fluent-bit:3.2.9-debug@sha256:abcd', 'fluent/fluent-bit', '3.2.9'],
    ['fluent/fluent-bit@sha256:abcd', 'fluent/fluent-bit', null],
    ['fluent/fluent-bit:latest', 'fluent/fluent-bit', null],
    ['fluent/fluent-bit:3', 'fluent/fluent-bit', null],
    ['a/b:20240131', 'a/b', null],
    ['a/b:0123abc', 'a/b', null],
    ['a/b:release-2.14.0', 'a/b', '2.14.0'],
    ['a/b:1.2.3_4', 'a/b', '1.2.3'],
    ['a/b:1.2x', 'a/b', null],
  ])('%s is of %s, version %s', (image, repository, version) => {
    expect(readImage(image)).toMatchObject({ repository, version });
  });
});

describe('a row is about an image', () => {
  it.each([
    ['**/fluent/fluent-bit', 'fluent/fluent-bit', true],
    ['**/fluent/fluent-bit', 'cr.fluentbit.io/fluent/fluent-bit', true],
    ['**/fluent/fluent-bit', 'example.com/mirror/fluent/fluent-bit', true],
    ['**/fluent/fluent-bit', 'aws-observability/aws-for-fluent-bit', false],
    ['**/fluent/fluent-bit', 'fluent/fluent-bit-debug', false],
    ['**/aws-controllers-k8s/*-controller', 'public.ecr.aws/aws-controllers-k8s/s3-controller', true],
    ['**/aws-controllers-k8s/*-controller', 'public.ecr.aws/aws-controllers-k8s/a/s3-controller', false],
    ['**/a.b', 'x/aXb', false],
    ['registry', 'registry', true],
    ['registry', 'example.com/registry', false],
  ])('%s, %s: %s', (image, repository, is) => {
    expect(isOf({ images: [image] }, repository)).toBe(is);
  });
});

describe('what is known of an image', () => {
  const verdicts = (row: Partial<KnownSoftwareRow>, image: string) =>
    knownImages([{ container: 'c', image }], [own(row)]).map(({ verdict }) => verdict);

  it.each<[string, Partial<KnownSoftwareRow>, string, string[]]>([
    ['a version below the minimum', { minimum: '2.6' }, 'team/app:2.5.9', ['too-old']],
    ['the minimum itself', { minimum: '2.6' }, 'team/app:2.6.0', []],
    ['no version, with a minimum', { minimum: '2.6' }, 'team/app@sha256:a', ['unknown']],
    ['the version that failed', { failedUpTo: '1.4', reported: 'x' }, 'team/app:1.4.0', ['failing']],
    ['one after it', { failedUpTo: '1.4', reported: 'x' }, 'team/app:1.5', []],
    ['one after the minimum that failed as well', { minimum: '1.2', failedUpTo: '1.4', reported: 'x' }, 'team/app:1.3', ['failing']],
    ['no version, with one that failed', { failedUpTo: '1.4', reported: 'x' }, 'team/app:edge', ['unknown']],
    ['an open report of no version', { reported: 'x', open: true }, 'team/app:9.9', ['failing']],
    ['an answered report of no version', { reported: 'x' }, 'team/app:9.9', ['look']],
    ['a report under a condition', { reported: 'x', open: true, condition: 'where y' }, 'team/app:9.9', ['look']],
    ['another image', { minimum: '2.6' }, 'team/other:1.0', []],
  ])('%s', (_, row, image, expected) => {
    expect(verdicts(row, image)).toEqual(expected);
  });

  it("is the user's where the user knows it better", () => {
    const images = [{ container: 'c', image: 'fluent/fluent-bit:3.1.0' }];
    expect(knownImages(images, []).map(({ verdict }) => verdict)).toEqual(['too-old']);
    expect(knownImages(images, [own({ images: ['**/fluent/fluent-bit'], minimum: '3.0' })])).toEqual([]);
  });

  it('needs a minimum or a report', () => {
    expect(() => own({})).toThrow('a row states a minimum or a report');
  });
});

const CASES: Record<string, Case> = {
  'an image that is too old is held': { facts: running('nginx:1.27', 'fluent/fluent-bit:3.1.0'), decision: 'hold', codes: ['PS329'] },
  'one that is new enough migrates': { facts: running('fluent/fluent-bit:3.2.10'), decision: 'migrate', codes: [] },
  'one that was reported to fail migrates with a warning': { facts: running('peak/s5cmd:v2.3.0'), decision: 'migrate', codes: ['PS330'] },
  'one without a version is told': { facts: running('grafana/tempo:latest'), decision: 'migrate', codes: ['PS331'] },
  'one without a version, of which one failed, is told': {
    facts: running('bitnami/external-dns:latest'),
    decision: 'migrate',
    codes: ['PS331'],
  },
  'one that failed in some use is told, with its note': {
    facts: running('ghcr.io/kedacore/keda:2.14.0'),
    decision: 'migrate',
    codes: ['PS332'],
  },
  'one that failed, with a note, migrates with a warning': {
    facts: running('grafana/mimir:2.12.0'),
    decision: 'migrate',
    codes: ['PS330'],
  },
  'one with an old report is told': { facts: running('hashicorp/vault:1.19.0'), decision: 'migrate', codes: ['PS332'] },
};

describe('the plan', () => {
  it.each(Object.entries(CASES))('%s', (_, given) => {
    checkCase(given);
  });

  it.each(KNOWN_SOFTWARE.map((row) => [row.images.join(', '), row] as const))('knows %s by what it is about', (_, row) => {
    for (const image of row.images)
      expect(
        knownImages([{ container: 'c', image: image.replace('**/', 'example.com/').replaceAll('*', 'x') }], []).length,
      ).toBeGreaterThan(0);
  });
});
