import type { FindingCode } from '../../model/findings.ts';
import { KIAM, type MetadataAnswer } from '../metadata/roles.ts';
import type { AskedRole, MetadataUse } from '../metadata/uses.ts';
import { workloadSubject } from '../world.ts';
import { type Row, row, type Table } from './check.ts';

/** Says something of a workload whose pods ask a daemon for a role; `subject` is the workload's. */
type AskingCheck = (use: MetadataUse, asked: AskedRole, subject: string) => string | undefined;

/** Says something of a workload whose pods ask for none, beside others of its service account that do. */
type IdleCheck = (use: MetadataUse, subject: string) => string | undefined;

const denied: AskingCheck = (_, asked, subject) =>
  asked.kind === 'denied' ? `${subject} asks for ${asked.roleArn}, and ${asked.why}` : undefined;

const onHostNetwork: AskingCheck = ({ workload, system }, _, subject) =>
  workload.metadata?.hostNetwork === true
    ? `the pods of ${subject} are on the host network, where ${system.mechanism} does not answer`
    : undefined;

const unclear: AskingCheck = (_, asked, subject) =>
  asked.kind === 'unclear' ? `whether ${subject} gets ${asked.roleArn} is not known: ${asked.why}` : undefined;

const onNodeWithoutDaemon: AskingCheck = ({ workload, system }, _, subject) => {
  const bare = workload.nodeNames.find((name) => !system.nodeNames.has(name));
  return bare !== undefined && system.problems.length === 0
    ? `pods of ${subject} run on node ${bare}, where no pod of ${system.mechanism} is ready`
    : undefined;
};

const sendsExternalId: AskingCheck = (use, _, subject) =>
  isAnnotated(use, use.system.externalIdKey) ? `${subject} sends an external id by ${use.system.externalIdKey}` : undefined;

/** kube2iam knows no session names. */
const choosesSessionName: AskingCheck = (use, _, subject) =>
  use.system.mechanism === 'kiam' && isAnnotated(use, KIAM.sessionName)
    ? `${subject} chooses its session name by ${KIAM.sessionName}`
    : undefined;

const asksForDifferentRoles: AskingCheck = ({ all }, asked, subject) => {
  const different = all.find(({ answer }) => JSON.stringify(answer) !== JSON.stringify(asked));
  return different === undefined
    ? undefined
    : `${subject} has pods or a template that ${whatComesOf(different.answer)}, and others that ${whatComesOf(asked)}`;
};

const emptyAnnotation: IdleCheck = ({ all, system }, subject) =>
  all.some(({ annotations }) => annotations[system.roleKey] === '') ? `${subject} has an empty annotation ${system.roleKey}` : undefined;

const onDefaultRole: IdleCheck = ({ all: [first], system }, subject) =>
  first?.answer.kind === 'role' ? `the pods of ${subject} get ${first.answer.roleArn}, the default role of ${system.mechanism}` : undefined;

/** What is said of each workload of a service account that kube2iam or kiam serve, before its workloads are grouped by role. */
export const USES: Table<MetadataUse> = [
  ofAsking('PS701', denied),
  ofAsking('PS702', onHostNetwork),
  ofSystem('PS703'),
  ofSystem('PS704'),
  ofAsking('PS705', unclear),
  ofSystem('PS708'),
  ofAsking('PS708', onNodeWithoutDaemon),
  ofSystem('PS709'),
  ofAsking('PS710', sendsExternalId),
  ofAsking('PS711', choosesSessionName),
  ofAsking('PS712', asksForDifferentRoles),
  ofIdle('PS717', emptyAnnotation),
  ofIdle('PS718', onDefaultRole),
];

function ofAsking(code: FindingCode, check: AskingCheck): Row<MetadataUse> {
  return row(code, (use) => {
    const subject = workloadSubject(use.workload);
    const message = use.asking === undefined ? undefined : check(use, use.asking, subject);
    return message === undefined ? undefined : { subject, message };
  });
}

function ofIdle(code: FindingCode, check: IdleCheck): Row<MetadataUse> {
  return row(code, (use) => {
    const subject = workloadSubject(use.workload);
    const message = use.asking === undefined ? check(use, subject) : undefined;
    return message === undefined ? undefined : { subject, message };
  });
}

/** A problem of the daemons themselves holds each workload that asks them. */
function ofSystem(code: FindingCode): Row<MetadataUse> {
  return row(code, ({ asking, workload, system }) =>
    system.problems.flatMap((problem, index) =>
      asking !== undefined && problem.code === code
        ? [{ subject: workloadSubject(workload), message: problem.message, place: [0, index] as const }]
        : [],
    ),
  );
}

function isAnnotated({ all }: MetadataUse, key: string): boolean {
  return all.some(({ annotations }) => (annotations[key] ?? '') !== '');
}

function whatComesOf(answer: MetadataAnswer): string {
  switch (answer.kind) {
    case 'role':
      return `get ${answer.roleArn}`;
    case 'none':
      return 'get no role';
    case 'denied':
    case 'unclear':
      return `ask for ${answer.roleArn}`;
  }
}
