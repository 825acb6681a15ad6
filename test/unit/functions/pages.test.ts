import { describe, expect, it } from 'vitest';
import { lambdaPages } from '../../../functions/runtime/pages.ts';

const ENVIRONMENT = {
  PAGES_BUCKET: 'podshift-prod-pagesbucket-1a2b',
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'a-secret',
  AWS_SESSION_TOKEN: 'a-token',
};

describe('the pages of a deployed function', () => {
  it.each([
    ['eu-central-1', 'https://podshift-prod-pagesbucket-1a2b.s3.eu-central-1.amazonaws.com/runs/run-1.html'],
    ['cn-north-1', 'https://podshift-prod-pagesbucket-1a2b.s3.cn-north-1.amazonaws.com.cn/runs/run-1.html'],
  ])('are in its bucket, in %s', async (region, expected) => {
    const pages = lambdaPages({ ...ENVIRONMENT, AWS_REGION: region, PAGE_DAYS: '30' });
    const { url } = (await pages?.link('run-1')) ?? { url: '' };
    expect([url.split('?')[0], pages?.days]).toEqual([expected, 30]);
    expect(new URL(url).searchParams.get('X-Amz-Security-Token')).toBe('a-token');
  });

  it('are at the endpoint that the environment names', async () => {
    const { url } = (await lambdaPages({ ...ENVIRONMENT, AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:5000/' })?.link('run-1')) ?? { url: '' };
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:5000\/podshift-prod-pagesbucket-1a2b\/runs\/run-1\.html\?/);
  });

  it('are none where no bucket is named', () => {
    const { PAGES_BUCKET: _none, ...others } = ENVIRONMENT;
    expect(lambdaPages(others)).toBeUndefined();
  });

  it('have no link without credentials', async () => {
    const link = lambdaPages({ ...ENVIRONMENT, AWS_SECRET_ACCESS_KEY: undefined })?.link('run-1');
    await expect(link).rejects.toMatchObject({ name: 'CredentialsMissing' });
  });

  it('are kept for a number of days', () => {
    expect(() => lambdaPages({ ...ENVIRONMENT, PAGE_DAYS: 'many' })).toThrow('PAGE_DAYS');
  });
});
