import { stringify } from 'yaml';
import { z } from 'zod';

const objectSchema = z.object({
  kind: z.string().optional(),
  metadata: z.object({ name: z.string().optional(), uid: z.string().optional(), resourceVersion: z.string().optional() }).optional(),
  details: z.object({ uid: z.string().optional() }).optional(),
  deleteOptions: z.object({ preconditions: z.object({ uid: z.string().optional() }).optional() }).optional(),
});

const eventSchema = z.object({
  auditID: z.string(),
  stage: z.enum(['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic']),
  verb: z.string(),
  requestURI: z.string(),
  user: z.object({ username: z.string() }),
  objectRef: z
    .object({
      apiGroup: z.string().default(''),
      resource: z.string(),
      subresource: z.string().optional(),
      namespace: z.string().default(''),
      name: z.string().default(''),
    })
    .optional(),
  responseStatus: z.object({ code: z.number().optional() }).optional(),
  requestObject: objectSchema.optional(),
  responseObject: objectSchema.optional(),
});

const eventListSchema = z.object({ items: z.array(eventSchema) });

/** One stage of a request, as the API server audits it (audit.k8s.io/v1). */
export type AuditEvent = z.infer<typeof eventSchema>;

/** Whose writes the API server reports, and to whom. */
export interface Audit {
  /** The group of users whose writes are reported. */
  readonly group: string;
  /** Called ahead of each write and again once it has ended; the API server waits for the return. */
  receive(event: AuditEvent): void;
}

/** The API server's policy: each write of a member of the group, with what was asked and answered; nothing else. */
export function auditPolicy(group: string): string {
  return stringify({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['ResponseStarted'],
    rules: [
      { level: 'RequestResponse', userGroups: [group], verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'] },
      { level: 'None' },
    ],
  });
}

/** Answers the API server's posts of events. */
export function receiveAudit(audit: Audit): (events: unknown) => Promise<unknown> {
  return async (events) => {
    for (const event of eventListSchema.parse(events).items) audit.receive(event);
    return {};
  };
}
