import { AwsError } from './errors.ts';
import { type QueryAction, required } from './iam.ts';

/** Actions about one stack, with the words in which CloudFormation says that it is not there (AWS CloudFormation API reference, 2010-05-15). */
const ABOUT_A_STACK: Readonly<Record<string, (stack: string) => string>> = {
  DescribeStackEvents: (stack) => `Stack [${stack}] does not exist`,
  DescribeStackResource: (stack) => `Stack '${stack}' does not exist`,
  DescribeStackResources: (stack) => `Stack with id ${stack} does not exist`,
  GetStackPolicy: (stack) => `Stack: [${stack}] does not exist`,
  GetTemplate: (stack) => `Stack with id ${stack} does not exist`,
  ListChangeSets: (stack) => `Stack [${stack}] does not exist`,
  ListStackResources: (stack) => `Stack with id ${stack} does not exist`,
  UpdateStack: (stack) => `Stack [${stack}] does not exist`,
};

/**
 * CloudFormation of an account without stacks, for tools that look for theirs before they begin. Nothing can be made: the twin does
 * not carry out templates.
 */
export function cloudFormationActions(): Readonly<Record<string, QueryAction>> {
  const object = (parameters: URLSearchParams) => parameters.get('StackName') ?? '';
  const missing = (message: string) => new AwsError('ValidationError', 400, message);
  const aboutAStack = Object.entries(ABOUT_A_STACK).map(([action, message]): [string, QueryAction] => [
    action,
    {
      write: false,
      object,
      run: (parameters) => {
        throw missing(message(required(parameters, 'StackName')));
      },
    },
  ]);
  return {
    ...Object.fromEntries(aboutAStack),
    ListStacks: { write: false, run: () => ({ StackSummaries: [] }) },
    ListExports: { write: false, run: () => ({ Exports: [] }) },
    ListStackSets: { write: false, run: () => ({ Summaries: [] }) },
    DescribeStacks: {
      write: false,
      object,
      run: (parameters) => {
        const stack = parameters.get('StackName');
        if (stack !== null && stack !== '') throw missing(`Stack with id ${stack} does not exist`);
        return { Stacks: [] };
      },
    },
    DescribeChangeSet: {
      write: false,
      object,
      run: (parameters) => {
        throw new AwsError('ChangeSetNotFound', 404, `ChangeSet [${required(parameters, 'ChangeSetName')}] does not exist`);
      },
    },
    // Of a stack that is not there this is a success, and nothing changes.
    DeleteStack: {
      write: false,
      object,
      run: (parameters) => {
        required(parameters, 'StackName');
        return undefined;
      },
    },
  };
}
