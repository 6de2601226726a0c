import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { readIntent, readTemplate, type IntentTemplates } from '../../policies/intent/read.js';
import { renderIntent, yamlDocuments, type RenderedPolicy } from '../../policies/intent/render.js';
import { intentVersion } from '../../policies/intent/schema.js';
import { readDocuments, type ManifestNote, type ManifestObject } from '../../policies/manifests/documents.js';
import type { PolicyProblem } from '../../policies/model.js';
import { ManifestError, manifestFiles, noteText } from './manifest-files.js';
import { LineWriter } from './output.js';

interface RenderFlags {
  readonly at?: string;
}

const Instant = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

function readInstant(text: string): string {
  if (!Instant.safeParse(text).success)
    throw new InvalidArgumentError('a day such as 2027-01-31, or an instant with its offset, is expected.');
  return new Date(text).toISOString();
}

function ofKind(objects: readonly ManifestObject[], kind: string): ManifestObject[] {
  return objects.filter(({ value }) => value['kind'] === kind && value['apiVersion'] === intentVersion);
}

function nameOf({ value: { kind, metadata } }: ManifestObject): string {
  const named = z.object({ name: z.string() }).safeParse(metadata);
  return `${String(kind)} ${named.success ? named.data.name : '(no name)'}`;
}

/** @throws ManifestError listing everything that is wrong with the intents and templates of the files */
function rendered(objects: readonly ManifestObject[], at: string | undefined): RenderedPolicy[] {
  const problems: ManifestNote[] = [];
  const refuse = (object: ManifestObject, found: readonly PolicyProblem[]) => {
    for (const { path, message } of found)
      problems.push({ place: object.place, object: nameOf(object), path, message });
    return [];
  };
  const templates: IntentTemplates = new Map(
    ofKind(objects, 'IntentTemplate').flatMap((object) => {
      const read = readTemplate(object.value);
      return read.ok ? [[read.value.metadata.name, read.value] as const] : refuse(object, read.problems);
    }),
  );
  const policies = ofKind(objects, 'Intent').flatMap((object): readonly RenderedPolicy[] => {
    const intent = readIntent(object.value, templates);
    if (!intent.ok) return refuse(object, intent.problems);
    const made = renderIntent(intent.value, at);
    return made.ok ? made.objects : refuse(object, made.problems);
  });
  if (problems.length > 0)
    throw new ManifestError(
      `the intents cannot be rendered:\n${problems.map((note) => `  ${noteText(note)}`).join('\n')}`,
    );
  return policies;
}

export function renderCommand(): Command {
  return new Command('render')
    .description('Print the Kubernetes NetworkPolicies that enforce the intents in files, as YAML for kubectl apply.')
    .argument('<path...>', 'files with intents and the templates they use, or folders of them')
    .option('--at <time>', 'instant at which rules must not have expired; without it, now', readInstant)
    .action(async (paths: string[], { at = new Date().toISOString() }: RenderFlags) => {
      const { objects, problems, doubts } = readDocuments(manifestFiles(paths));
      if (problems.length > 0) throw new ManifestError(problems.map(noteText).join('\n'));
      for (const doubt of doubts) console.error(`doubtful: ${noteText(doubt)}`);
      if (ofKind(objects, 'Intent').length === 0)
        throw new ManifestError(`expected an Intent of ${intentVersion} in ${paths.join(', ')}, there is none`);
      const out = new LineWriter();
      await out.line(yamlDocuments(rendered(objects, at)).trimEnd());
      await out.flush();
    });
}
