import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PodshiftError } from '../src/model/errors.ts';
import { schemaProblems } from '../src/model/text/schema-problems.ts';
import type { Machine } from './asl.ts';
import { ROOT } from './root.ts';
import { importHandler, kebabCase, type Service } from './service.ts';

/** The template that `osls package` writes for the stack's update: everything that is deployed. */
const TEMPLATE = 'cloudformation-template-update-stack.json';

const template = z.object({ Resources: z.record(z.string(), z.object({ Type: z.string(), Properties: z.unknown() })) });
const lambda = z.object({ Handler: z.string() });
const version = z.object({ FunctionName: z.object({ Ref: z.string() }) });
const references = z.record(z.string(), z.union([z.string(), z.record(z.string(), z.unknown())]));
const stateMachine = z.object({ DefinitionString: z.union([z.string(), z.object({ 'Fn::Sub': z.tuple([z.string(), references]) })]) });

/**
 * The service as `osls package` left it in a folder: the definitions are those that would be deployed, and the functions
 * that they name are the template's. Their handlers are this project's own modules, below `root`, since those of the bundle
 * bring their own copy of everything. Throws `InternalError` where the template is not as the packaging writes it.
 */
export async function loadPackagedService(folder: string, root: string = ROOT): Promise<Service> {
  const file = join(folder, TEMPLATE);
  const { Resources } = read(template, JSON.parse(await readFile(file, 'utf8')), file);
  const ofType = (type: string) => Object.entries(Resources).filter(([, resource]) => resource.Type === type);
  const paths = new Map(ofType('AWS::Lambda::Function').map(([id, { Properties }]) => [id, lambda.safeParse(Properties).data?.Handler]));
  const functions = new Map(
    ofType('AWS::Lambda::Version').map(([id, { Properties }]) => [id, version.safeParse(Properties).data?.FunctionName.Ref]),
  );
  /** A reference to a published version is one to its function: there is one of each here. */
  const functionOf = (value: unknown): unknown => {
    const id = functions.get(String((value as { readonly Ref?: unknown }).Ref));
    return id === undefined ? value : { 'Fn::GetAtt': [id, 'Arn'] };
  };
  return {
    handler: (id) => importHandler(root, paths.get(id), id),
    stateMachine: async (name) => {
      const found = ofType('AWS::StepFunctions::StateMachine').find(([id]) => kebabCase(id) === name);
      if (found === undefined) {
        throw new PodshiftError('InternalError', `${file} has no state machine ${name}`);
      }
      const definition = read(stateMachine, found[1].Properties, `${found[0]} of ${file}`).DefinitionString;
      if (typeof definition === 'string') return JSON.parse(definition) as Machine;
      const [text, values] = definition['Fn::Sub'];
      return parseMachine(text, Object.fromEntries(Object.entries(values).map(([key, value]) => [key, functionOf(value)])), name);
    },
  };
}

function read<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw new PodshiftError('InternalError', `${what} is not what the packaging writes: ${schemaProblems(parsed.error)}`);
  }
  return parsed.data;
}

/** A placeholder of `Fn::Sub`, and a text that is nothing else. */
const PLACEHOLDER = /\$\{([^}]*)\}/;
const WHOLE = new RegExp(`^${PLACEHOLDER.source}$`);
/** Where this machine is taken to be. */
const PARTITION = { placeholder: `\${AWS::Partition}`, value: 'aws' };

/** The definition with the references that its placeholders stand for. Throws `InternalError` for a placeholder that stands for nothing. */
function parseMachine(text: string, values: Readonly<Record<string, unknown>>, name: string): Machine {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'string') {
      return value;
    }
    const whole = WHOLE.exec(value)?.[1];
    const resolved =
      whole !== undefined && Object.hasOwn(values, whole) ? values[whole] : value.replaceAll(PARTITION.placeholder, PARTITION.value);
    if (typeof resolved === 'string' && PLACEHOLDER.test(resolved)) {
      throw new PodshiftError('InternalError', `the packaged definition of ${name} uses ${resolved}, which the engine cannot resolve`);
    }
    return resolved;
  }) as Machine;
}
