import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { User } from '../access/user.entity.js';

@Entity('report')
@Index('report_requested_at', ['requestedAt'])
export class Report {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'report_pk' })
  id!: string;

  @Column({ type: 'text' })
  title!: string;

  @Column({ type: 'text', name: 'framework_id' })
  frameworkId!: string;

  @Column({ type: 'timestamptz', name: 'period_from' })
  periodFrom!: Date;

  @Column({ type: 'timestamptz', name: 'period_to' })
  periodTo!: Date;

  /** Names of the segments in scope; empty for the whole estate. */
  @Column({ type: 'text', array: true })
  segments!: string[];

  @Column({ type: 'uuid', name: 'requested_by' })
  requestedById!: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'requested_by', foreignKeyConstraintName: 'report_requested_by_fk' })
  requestedBy!: Relation<User>;

  @Column({ type: 'timestamptz', name: 'requested_at' })
  requestedAt!: Date;

  @Column({ type: 'text' })
  state!: string;

  @Column({ type: 'text', nullable: true })
  failure!: string | null;

  @Column({ type: 'json', nullable: true })
  model!: unknown;

  @Column({ type: 'timestamptz', name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}

@Entity('report_file')
export class ReportFile {
  @PrimaryColumn({ type: 'uuid', name: 'report_id', primaryKeyConstraintName: 'report_file_pk' })
  reportId!: string;

  @ManyToOne(() => Report)
  @JoinColumn({ name: 'report_id', foreignKeyConstraintName: 'report_file_report_fk' })
  report!: Relation<Report>;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'report_file_pk' })
  name!: string;

  @Column({ type: 'text', name: 'media_type' })
  mediaType!: string;

  @Column({ type: 'bytea' })
  sha256!: Buffer;

  @Column({ type: 'bytea' })
  content!: Buffer;
}
