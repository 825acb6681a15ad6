import { z } from 'zod';

/** One thing that a run needs, and whether it is there. */
export const doctorCheck = z.strictObject({
  area: z.enum(['machine', 'service', 'aws', 'cluster']),
  check: z.string().describe('What was tried: an IAM action, verbs on a resource, or a name'),
  status: z.enum(['ok', 'missing', 'unknown']).describe('unknown: nobody can tell ahead of the run, or from here'),
  needed: z.enum(['always', 'sometimes']).describe('sometimes: a run can do without it, or only some clusters need it'),
  detail: z.string().describe('What was seen, and what it means'),
  remedy: z.string().describe('What to do; empty where nothing is'),
});

/** What `doctor` prints with `-o json`. */
export const doctorReport = z.strictObject({
  apiVersion: z.literal('podshift/v1'),
  kind: z.literal('Doctor'),
  cluster: z.string().describe('Name of the cluster; empty where a service was tried'),
  region: z.string(),
  identity: z.string().describe('ARN of who podshift is to AWS; empty where nobody can tell'),
  ok: z.boolean().describe('Whether nothing is missing that a run always needs'),
  checks: z.array(doctorCheck),
});

export type DoctorCheck = z.output<typeof doctorCheck>;
export type DoctorReport = z.output<typeof doctorReport>;
