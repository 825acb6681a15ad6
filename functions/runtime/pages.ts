import { z } from 'zod';
import { createPageStore } from '../../src/aws/page-store.ts';
import type { JournalRuntime } from '../../src/migration/runtime.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import type { Pages } from '../../src/service/pages.ts';
import { createLambdaRuntime, lambdaClock, readEnvironment } from './lambda.ts';

/** What a function reads of its environment that stores pages, or signs links to them. */
const pagesEnvironment = z.object({
  /** Name of the bucket; without one, no pages are stored. */
  PAGES_BUCKET: z.string().min(1).optional(),
  AWS_REGION: z.string().min(1).default('us-east-1'),
  /** Where S3 is, where it is not AWS's own. */
  AWS_ENDPOINT_URL_S3: z.string().optional(),
  AWS_ENDPOINT_URL: z.string().optional(),
});

/** The runtime of a Lambda function that stores pages, or gives links to them. Throws as `createLambdaRuntime` does. */
export function createPagesRuntime(environment: Record<string, string | undefined>): JournalRuntime {
  const pages = lambdaPages(environment);
  return { ...createLambdaRuntime(environment), ...(pages === undefined ? {} : { pages }) };
}

/** The pages of this environment; undefined where it names no bucket. Throws `InvalidInput` naming the variable that is wrong. */
export function lambdaPages(environment: Record<string, string | undefined>): Pages | undefined {
  const read = readEnvironment(pagesEnvironment, environment);
  const { PAGES_BUCKET: bucket, AWS_REGION: region } = read;
  if (bucket === undefined) return undefined;
  const endpoint = read.AWS_ENDPOINT_URL_S3 || read.AWS_ENDPOINT_URL;
  const ofAws = `https://${bucket}.s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  return createPageStore({
    bucketUrl: endpoint ? `${endpoint.replace(/\/+$/, '')}/${bucket}` : ofAws,
    region,
    credentials: async () => functionCredentials(environment),
    clock: lambdaClock,
    retryDelays: 'standard',
  });
}

/** The credentials of the function's role, as Lambda hands them over (Lambda developer guide, "Defined runtime environment variables"). */
function functionCredentials({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_SESSION_TOKEN: sessionToken,
}: Record<string, string | undefined>) {
  if (!accessKeyId || !secretAccessKey)
    throw new PodshiftError('CredentialsMissing', 'the environment of this function has no credentials');
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}
