/**
 * Serverless plugin: a stack whose stage had one before takes that one's journal up. CloudFormation cannot make a table whose name is
 * taken, and one that is made anew forgets what could still be rolled back. The parameter journalStreamArn names the table by its stream.
 */
const STREAM = /^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table\/([A-Za-z0-9_.-]{3,255})\/stream\/[0-9T:.-]+$/;

class Journal {
  constructor(serverless) {
    this.hooks = {
      'after:aws:package:finalize:mergeCustomProviderResources': () => {
        const streamArn = String(serverless.service.custom.journalStreamArn ?? '');
        if (streamArn === '') return;
        serverless.service.provider.compiledCloudFormationTemplate = withJournal(
          serverless.service.provider.compiledCloudFormationTemplate,
          streamArn,
        );
      },
    };
  }
}

/** The template without a table of its own: what named that one names the table of the stream. Throws `Error` for what is no stream's ARN. */
function withJournal(template, streamArn) {
  const [, name] = STREAM.exec(streamArn) ?? [];
  if (name === undefined) throw new Error(`journalStreamArn is the ARN of a DynamoDB table's stream, and not "${streamArn}"`);
  const arn = streamArn.slice(0, streamArn.indexOf('/stream/'));
  const values = { Ref: name, Arn: arn, StreamArn: streamArn };
  const { JournalTable: _taken, ...resources } = template.Resources;
  return replaced({ ...template, Resources: resources }, values);
}

function replaced(value, values) {
  if (typeof value === 'string') return value.replace(/\$\{JournalTable(?:\.(\w+))?\}/g, (_reference, of = 'Ref') => values[of]);
  if (Array.isArray(value)) return value.map((item) => replaced(item, values));
  if (value === null || typeof value !== 'object') return value;
  if (value.Ref === 'JournalTable') return values.Ref;
  const attribute = value['Fn::GetAtt'];
  const [id, of] = typeof attribute === 'string' ? attribute.split('.') : (attribute ?? []);
  if (id === 'JournalTable') return values[of];
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      if (key !== 'DependsOn') return [[key, replaced(item, values)]];
      // The framework writes some without a value.
      const others = [item].flat().filter((dependency) => dependency !== undefined && dependency !== 'JournalTable');
      return others.length === 0 ? [] : [[key, others]];
    }),
  );
}

module.exports = Journal;
