import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { knownSoftwarePage } from '../../../src/report/known-software-page.ts';

it('docs/known-software.md is the table', async () => {
  await expect(knownSoftwarePage()).toMatchFileSnapshot(fileURLToPath(new URL('../../../docs/known-software.md', import.meta.url)));
});
