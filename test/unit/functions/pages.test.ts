import { describe, expect, it } from 'vitest';
import { lambdaPages } from '../../../functions/runtime/pages.ts';

const PAGE = { runId: 'run-1', endedAt: '2026-01-05T10:00:00.000Z' };
const FILE = 'run-1/2026-01-05T10%3A00%3A00.000Z.html';
const ENVIRONMENT = {
  PAGES_BUCKET: 'podshift-prod-pagesbucket-1a2b',
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'a-secret',
  AWS_SESSION_TOKEN: 'a-token',
};

describe('the pages of a deployed function', () => {
  it.each([
    ['eu-central-1', `https://podshift-prod-pagesbucket-1a2b.s3.eu-central-1.amazonaws.com/runs/${FILE}`],
    ['cn-north-1', `https://podshift-prod-pagesbucket-1a2b.s3.cn-north-1.amazonaws.com.cn/runs/${FILE}`],
  ])('are in its bucket, in %s', async (region, expected) => {
    const pages = lambdaPages({ ...ENVIRONMENT, AWS_REGION: region });
    const { url } = (await pages?.link(PAGE)) ?? { url: '' };
    expect(url.split('?')[0]).toBe(expected);
    expect(new URL(url).searchParams.get('X-Amz-Security-Token')).toBe('a-token');
  });

  it('are at the endpoint that the environment names', async () => {
    const { url } = (await lambdaPages({ ...ENVIRONMENT, AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:5000/' })?.link(PAGE)) ?? { url: '' };
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:5000\/podshift-prod-pagesbucket-1a2b\/runs\/run-1\/[^/]+\.html\?/);
  });

  it('are none where no bucket is named', () => {
    const { PAGES_BUCKET: _none, ...others } = ENVIRONMENT;
    expect(lambdaPages(others)).toBeUndefined();
  });

  it('have no link without credentials', async () => {
    const link = lambdaPages({ ...ENVIRONMENT, AWS_SECRET_ACCESS_KEY: undefined })?.link(PAGE);
    await expect(link).rejects.toMatchObject({ name: 'CredentialsMissing' });
  });
});
