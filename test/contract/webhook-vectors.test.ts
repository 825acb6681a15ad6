import { stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import './behaviours.ts';
import { type Review, readReviews } from './webhook-reviews.ts';
import { compareVectors, lineOf, SHIPPED, vectorsFile } from './webhook-vectors.ts';

/** A file of one review, as the real webhook would answer it, with a part of it changed. */
async function fileOf(change: (items: Record<string, unknown>[]) => unknown): Promise<string> {
  const pod = { metadata: { name: 'p', namespace: 'n' }, spec: { containers: [{ name: 'main' }], serviceAccountName: 'app' } };
  const review = { name: 'plain', config: { flags: 'eks', identities: [] }, serviceAccount: null, pod, result: 'unchanged' };
  const path = join(tmpdir(), `podshift-reviews-${process.pid}-${Math.random().toString(36).slice(2)}.json`);
  const items: Record<string, unknown>[] = [{ provenance: 'made up', flags: { eks: {} } }, review];
  const text = change(items) ?? items;
  await writeFile(path, typeof text === 'string' ? text : JSON.stringify(text));
  return path;
}

describe('the pod identity webhook', () => {
  it('makes of pods what the real one made of them, in the twin, and what the product says of it is so', async ({ task }) => {
    const comparison = await compareVectors(await vectorsFile(process.env));
    task.meta.line = lineOf(comparison);
    expect(comparison.different.slice(0, 5)).toEqual([]);
    expect(comparison.holds).toBe(true);
  });

  it('is compared in a selection that ships: small, and of every dimension', async () => {
    const { reviews } = await readReviews(SHIPPED);
    expect((await stat(SHIPPED)).size).toBeLessThan(300_000);
    const annotation = (review: Review, key: string) => [
      review.pod.metadata.annotations?.[`${review.flags.annotationPrefix}/${key}`],
      review.serviceAccount?.metadata.annotations?.[`${review.flags.annotationPrefix}/${key}`],
    ];
    const dimensions: Readonly<Record<string, (review: Review) => readonly unknown[]>> = {
      mode: (review) => [review.associated],
      audience: (review) => [annotation(review, 'audience')[1]],
      regional: (review) => [annotation(review, 'sts-regional-endpoints')[1], `by flag ${review.flags.stsRegionalEndpoint}`],
      expiration: (review) => annotation(review, 'token-expiration'),
      skip: (review) => [annotation(review, 'skip-containers')[0]],
      volumes: (review) => [JSON.stringify(review.pod.spec.volumes)],
      nodeSelector: (review) => [JSON.stringify(review.pod.spec.nodeSelector)],
      initContainers: (review) => [review.pod.spec.initContainers === null ? 'null' : typeof review.pod.spec.initContainers],
      labels: (review) => [JSON.stringify(review.pod.metadata.labels)],
      flags: (review) => [JSON.stringify(review.flags)],
      env: ({ pod }) => pod.spec.containers.map(({ env }: { env?: { name: string }[] }) => (env ?? []).map(({ name }) => name).join()),
      mounts: ({ pod }) => pod.spec.containers.map(({ volumeMounts }: { volumeMounts?: unknown }) => JSON.stringify(volumeMounts)),
    };
    const counts = Object.entries(dimensions).map(([name, of]) => [name, new Set(reviews.flatMap(of)).size] as const);
    const least = {
      mode: 2,
      audience: 4,
      regional: 15,
      expiration: 30,
      skip: 40,
      volumes: 6,
      nodeSelector: 5,
      initContainers: 3,
      labels: 4,
      flags: 5,
      env: 32,
      mounts: 6,
    };
    for (const [name, size] of counts) expect([name, size >= least[name as keyof typeof least]]).toEqual([name, true]);
  });

  it('differs where a review says something else, and holds only where exactly that is declared', async () => {
    const path = await fileOf(([, review]) => {
      Object.assign(review as object, { result: { ...(review?.pod as object), spec: { containers: [{ name: 'main', image: 'other' }] } } });
    });
    const declared = [{ why: 'made up', matches: ({ name }: Review) => name === 'plain' }];
    expect(await compareVectors(path, [])).toMatchObject({ compared: 1, different: [{ name: 'plain' }], declared: 0, holds: false });
    expect(await compareVectors(path, declared)).toMatchObject({ compared: 1, declared: 1, holds: true });
    expect(await compareVectors(await fileOf(() => undefined), declared)).toMatchObject({ different: [], declared: 1, holds: false });
  });

  it.each<[string, (items: Record<string, unknown>[]) => unknown, RegExp]>([
    ['no JSON', () => '[', /the file is no JSON/],
    ['no list', () => '{}', /expected a list/],
    ['no review', (items) => items.slice(0, 1), /expected a list of the provenance and at least one review/],
    ['no provenance', (items) => [{}, items[1]], /item 0\.provenance/],
    [
      'a flag that the webhook has not',
      (items) => [{ provenance: 'x', flags: { eks: { region: 'x' } } }, items[1]],
      /item 0\.flags\.eks.*region/,
    ],
    ['a set of flags that is not there', (items) => [{ provenance: 'x', flags: {} }, items[1]], /item 1: no set of flags is named eks/],
    ['a pod without a spec', ([head, review]) => [head, { ...review, pod: { metadata: { namespace: 'n' } } }], /item 1\.pod\.spec/],
    ['a result that is none', ([head, review]) => [head, { ...review, result: null }], /item 1\.result/],
  ])('says what is wrong with a file that has %s', async (_what, change, message) => {
    await expect(readReviews(await fileOf(change))).rejects.toThrow(message);
  });

  it('says that a file is not there, and takes one by its name relative to where npm was called', async () => {
    await expect(readReviews('/nowhere/reviews.json')).rejects.toThrow(
      "the webhook's reviews in /nowhere/reviews.json: there is no such file",
    );
    expect(await vectorsFile({ PODSHIFT_WEBHOOK_VECTORS: 'mine.json', INIT_CWD: '/home' })).toBe('/home/mine.json');
    expect(await vectorsFile({ PODSHIFT_WEBHOOK_VECTORS: '/mine.json', INIT_CWD: '/home' })).toBe('/mine.json');
  });
});
