import type { Arrived, InPlace } from '../engines/lambda-api.ts';
import { signedFor } from './place.ts';
import { takeUpStateMachines } from './state-machines.ts';
import { forMoto, inOrder, type NotShown, type Template } from './template.ts';

/** What stands in front of moto's CloudFormation, so that it does what CloudFormation does. */
export interface InFrontOfCloudFormation {
  /** What is handed on in place of a request, or what it is answered. */
  handOn(arrived: Arrived): Promise<Arrived | InPlace>;
  /** What of the template that was carried out last moto did not make. */
  notShown(): NotShown;
}

/** Stands in front of the moto at `endpoint`, whose CloudFormation makes these types. */
export function inFrontOfCloudFormation(endpoint: () => string, types: ReadonlySet<string>): InFrontOfCloudFormation {
  let notShown: NotShown = { resources: new Map(), properties: [] };
  let before: Template = { Resources: {} };
  const versions = new Map<string, readonly string[]>();
  const versionNumber = (functionId: string, versionId: string): number => {
    const known = versions.get(functionId) ?? [];
    const all = known.includes(versionId) ? known : [...known, versionId];
    versions.set(functionId, all);
    return all.indexOf(versionId) + 1;
  };
  return {
    notShown: () => notShown,
    handOn: async (arrived) => {
      if (arrived.headers['x-amz-target'] === 'AWSStepFunctions.StartExecution') return withoutAlias(arrived);
      const form = formOf(arrived);
      switch (form?.get('Action')) {
        case 'ValidateTemplate':
          return VALID;
        case 'CreateStack':
        case 'UpdateStack': {
          const { template, notShown: missing } = forMoto(await templateOf(form as URLSearchParams, endpoint()), { types, versionNumber });
          notShown = missing;
          let answer: InPlace | undefined;
          for (const step of inOrder(before, template)) {
            answer = await carriedOut(withTemplate(arrived, form as URLSearchParams, step), endpoint());
          }
          await takeUpStateMachines(endpoint());
          before = template;
          return answer as InPlace;
        }
        case 'DeleteStack': {
          const answer = await carriedOut(arrived, endpoint());
          await takeUpStateMachines(endpoint());
          before = { Resources: {} };
          versions.clear();
          return answer;
        }
        default:
          return arrived;
      }
    },
  };
}

/** moto asks cfn-lint, for half a minute, and hears what `npm run lint:templates` says. */
const VALID: InPlace = {
  status: 200,
  body: '<ValidateTemplateResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ValidateTemplateResult/></ValidateTemplateResponse>',
};

/** moto starts no execution by an alias. It starts what the state machine is at that time, as an alias of the last version does. */
function withoutAlias(arrived: Arrived): Arrived {
  const asked = JSON.parse(arrived.body.toString('utf8')) as { stateMachineArn: string };
  const stateMachineArn = asked.stateMachineArn.replace(/:live$/, '');
  if (stateMachineArn === asked.stateMachineArn) throw new Error(`${stateMachineArn} is started by no alias`);
  return { ...arrived, body: Buffer.from(JSON.stringify({ ...asked, stateMachineArn })) };
}

/** Has moto carry a request out. */
async function carriedOut({ method, path, headers, body }: Arrived, endpoint: string): Promise<InPlace> {
  const sent = Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name === 'authorization' || name.startsWith('x-amz') ? [[name, String(value)]] : [],
    ),
  );
  const answer = await fetch(`${endpoint}${path}`, {
    method,
    headers: { ...sent, 'content-type': 'application/x-www-form-urlencoded' },
    body: body.toString('utf8'),
  });
  const text = await answer.text();
  if (answer.status === 500) throw new Error(`moto fails at ${new URLSearchParams(body.toString('utf8')).get('Action')}: ${text}`);
  return { status: answer.status, body: text };
}

/** The body of a request of AWS's query protocol; undefined for any other. */
function formOf({ headers, body }: Arrived): URLSearchParams | undefined {
  return headers['content-type']?.startsWith('application/x-www-form-urlencoded') ? new URLSearchParams(body.toString('utf8')) : undefined;
}

/** The template that a request brings, or names by its address in S3. */
async function templateOf(form: URLSearchParams, endpoint: string): Promise<Template> {
  const text = form.get('TemplateBody');
  if (text !== null) return JSON.parse(text) as Template;
  const { pathname } = new URL(form.get('TemplateURL') ?? '');
  const answer = await fetch(`${endpoint}${pathname}`, { headers: signedFor('s3') });
  if (!answer.ok) throw new Error(`there is no template at ${pathname}: ${answer.status}`);
  return (await answer.json()) as Template;
}

function withTemplate(arrived: Arrived, form: URLSearchParams, template: Template): Arrived {
  const sent = new URLSearchParams(form);
  sent.delete('TemplateURL');
  sent.set('TemplateBody', JSON.stringify(template));
  return { ...arrived, body: Buffer.from(sent.toString()) };
}
