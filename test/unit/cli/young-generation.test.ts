import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const MODULE = new URL('../../../cli/young-generation.ts', import.meta.url).href;

/** Megabytes of the young generation of a process of its own, before and after it made 200 MB of objects that live for a while. */
async function grown(isKept: boolean): Promise<readonly [number, number]> {
  const script = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import { keepYoungGenerationSmall } from ${JSON.stringify(MODULE)};
    const size = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 1e6;
    const before = size();
    if (${isKept}) keepYoungGenerationSmall();
    const held = [];
    for (let index = 0; index < 2_000_000; index += 1) held[index % 200_000] = { name: 'object ' + index, list: [index, index + 1] };
    console.log(JSON.stringify([before, size()]));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  return JSON.parse(stdout) as [number, number];
}

describe('keepYoungGenerationSmall', () => {
  it('holds the young generation at its size, which V8 would let grow', async () => {
    const [[before, after], [, without]] = await Promise.all([grown(true), grown(false)]);
    expect(after).toBeLessThanOrEqual(2 * before);
    expect(without).toBeGreaterThan(4 * after);
  });
});
