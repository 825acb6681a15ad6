import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

const WhatStays = createRequire(import.meta.url)('../../../infra/what-stays.cjs') as new (
  serverless: unknown,
  options: unknown,
  utils: { readonly log: { notice(line: string): void } },
) => { readonly hooks: Readonly<Record<string, () => void>> };

describe('osls remove', () => {
  const said: string[] = [];
  const log = { notice: (line: string) => void said.push(line) };
  const { hooks } = new WhatStays({ service: { provider: { stage: 'staging', region: 'eu-west-1' } } }, {}, { log });

  it('says once the stack is gone what stays, how it is taken up, and how it is deleted', () => {
    expect(Object.keys(hooks)).toEqual(['after:remove:remove']);
    hooks['after:remove:remove']?.();
    const text = said.join('\n');
    expect(text).toContain('podshift-journal-staging in eu-west-1, unless its stack was deployed with journalDeletionPolicy=Delete');
    expect(text).toContain('osls deploy --stage staging --region eu-west-1 --param="journalStreamArn=ARN"');
    expect(text).toContain('aws dynamodb delete-table --region eu-west-1 --table-name podshift-journal-staging');
  });
});
