import { definitionText } from '../support/definition-string.ts';
import { describeDefinition } from '../support/definition-suite.ts';
import { packaged } from '../support/packaged.ts';

const { template } = await packaged();

for (const [id, { Type }] of Object.entries(template.Resources)) {
  if (Type === 'AWS::StepFunctions::StateMachine')
    describeDefinition(`the packaged ${id}`, () => Promise.resolve(JSON.parse(definitionText(template, id))));
}
