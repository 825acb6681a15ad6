/** The schemas of docs/events in EventBridge's schema registry, for code bindings and for whoever browses the console. */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const FILES = ['cluster-drifted', 'run-state-changed', 'unit-state-changed'];

/**
 * Regions of the partition aws without AWS::EventSchemas, by the resource specifications that cfn-lint has; `npm run lint:templates` compares.
 * The schemas are for readers alone: without them everything works.
 */
const WITHOUT = new Set([
  'ap-east-2',
  'ap-south-2',
  'ap-southeast-4',
  'ap-southeast-5',
  'ap-southeast-6',
  'ap-southeast-7',
  'ca-west-1',
  'il-central-1',
  'mx-central-1',
]);

/** What the stack of such a region says of itself. */
const LeftOut = {
  Description: 'What this region has not, and the stack is without',
  Value: 'AWS::EventSchemas: the schemas of docs/events are in no registry of this region; the events are published all the same',
};

module.exports = async ({ resolveVariable }) => {
  const [stage, region] = await Promise.all([resolveVariable('sls:stage'), resolveVariable('self:provider.region')]);
  if (WITHOUT.has(region)) return { Resources: {}, Outputs: { LeftOut } };
  return {
    Resources: {
      EventSchemaRegistry: {
        Type: 'AWS::EventSchemas::Registry',
        Properties: { RegistryName: `podshift-${stage}`, Description: 'The events of podshift' },
      },
      ...Object.fromEntries(FILES.map(schema)),
    },
  };
};

function schema(file) {
  const text = readFileSync(join(__dirname, '../docs/events', `${file}.json`), 'utf8');
  const { title } = JSON.parse(text);
  const id = `${title.replaceAll(' ', '')}Schema`;
  return [
    id,
    {
      Type: 'AWS::EventSchemas::Schema',
      Properties: {
        RegistryName: { 'Fn::GetAtt': ['EventSchemaRegistry', 'RegistryName'] },
        SchemaName: `podshift@${title.replaceAll(' ', '')}`,
        Type: 'JSONSchemaDraft4',
        Content: text,
      },
    },
  ];
}

module.exports.WITHOUT = WITHOUT;
