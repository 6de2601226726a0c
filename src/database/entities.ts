import { Session } from '../access/session.entity.js';
import { User } from '../access/user.entity.js';
import { Change, ChangeItem, ChangeReview } from '../changes/change.entity.js';
import { Report, ReportFile } from '../evidence/report.entity.js';
import { Source, SourceSecret, SourceToken } from '../ingestion/source.entity.js';
import { Segment } from '../inventory/segment.entity.js';

/** Tables that the service writes as entities; the migrations' drift check compares them with the database. */
export const entities = [
  User,
  Session,
  Source,
  SourceToken,
  SourceSecret,
  Segment,
  Change,
  ChangeItem,
  ChangeReview,
  Report,
  ReportFile,
];
