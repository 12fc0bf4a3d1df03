/** Fields that every description has. Pure. */
import type { Labels, Meta } from '../model/resource.js';
import { labelsText } from './columns.js';
import type { DescribeContext, Field } from './describe-text.js';
import { formatAge } from './duration.js';

export function common(displayName: string, labels: Labels): Field[] {
  return [
    ['Display name', displayName],
    ['Labels', labelsText(labels)],
  ];
}

export function metaFields(
  { etag, revision, createTime, updateTime }: Meta,
  { now }: DescribeContext,
): Field[] {
  return [
    ['Created', `${createTime} (${formatAge(createTime, now)} ago)`],
    ['Updated', `${updateTime} (${formatAge(updateTime, now)} ago)`],
    ['Revision', String(revision)],
    ['Etag', etag],
  ];
}
