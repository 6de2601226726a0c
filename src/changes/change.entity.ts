import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, Unique, type Relation } from 'typeorm';
import { User } from '../access/user.entity.js';

@Entity('change')
@Unique('change_number_unique', ['number'])
@Index('change_state', ['state'])
@Check('change_window', 'window_from < window_to')
export class Change {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'change_pk' })
  id!: string;

  @Column({ type: 'integer', generated: 'identity', generatedIdentity: 'ALWAYS' })
  number!: number;

  @Column({ type: 'text' })
  title!: string;

  @Column({ type: 'text' })
  reason!: string;

  @Column({ type: 'text' })
  state!: string;

  @Column({ type: 'uuid', name: 'requester_id' })
  requesterId!: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'requester_id', foreignKeyConstraintName: 'change_requester_fk' })
  requester!: Relation<User>;

  @Column({ type: 'timestamptz', name: 'window_from' })
  windowFrom!: Date;

  @Column({ type: 'timestamptz', name: 'window_to' })
  windowTo!: Date;

  @Column({ type: 'timestamptz', name: 'proposed_at' })
  proposedAt!: Date;

  @Column({ type: 'bigint', name: 'proposed_index' })
  proposedIndex!: string;
}

@Entity('change_item')
export class ChangeItem {
  @PrimaryColumn({ type: 'uuid', name: 'change_id', primaryKeyConstraintName: 'change_item_pk' })
  changeId!: string;

  @ManyToOne(() => Change)
  @JoinColumn({ name: 'change_id', foreignKeyConstraintName: 'change_item_change_fk' })
  change!: Relation<Change>;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'change_item_pk' })
  position!: number;

  @Column({ type: 'text' })
  system!: string;

  @Column({ type: 'text' })
  kind!: string;

  @Column({ type: 'text', nullable: true })
  namespace!: string | null;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  action!: string;

  @Column({ type: 'text', nullable: true })
  digest!: string | null;

  @Column({ type: 'json', nullable: true })
  object!: unknown;
}

@Entity('change_review')
export class ChangeReview {
  @PrimaryColumn({ type: 'uuid', name: 'change_id', primaryKeyConstraintName: 'change_review_pk' })
  changeId!: string;

  @ManyToOne(() => Change)
  @JoinColumn({ name: 'change_id', foreignKeyConstraintName: 'change_review_change_fk' })
  change!: Relation<Change>;

  @PrimaryColumn({ type: 'uuid', name: 'reviewer_id', primaryKeyConstraintName: 'change_review_pk' })
  reviewerId!: string;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'reviewer_id', foreignKeyConstraintName: 'change_review_reviewer_fk' })
  reviewer!: Relation<User>;

  @Column({ type: 'text' })
  decision!: string;

  @Column({ type: 'text' })
  comment!: string;

  @Column({ type: 'timestamptz', name: 'reviewed_at' })
  reviewedAt!: Date;

  @Column({ type: 'bigint', name: 'reviewed_index' })
  reviewedIndex!: string;
}
