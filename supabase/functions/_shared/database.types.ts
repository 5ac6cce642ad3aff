export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  "public": {
    Tables: {
      "audit_log": {
        Row: {
          "action": string;
          "actor": string;
          "at": string;
          "details": NonNullable<Json>;
          "id": number;
          "request_id": string | null;
          "subaccount_sid": string | null;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "action": string;
          "actor": string;
          "at"?: string;
          "details"?: NonNullable<Json>;
          "id"?: never;
          "request_id"?: string | null;
          "subaccount_sid"?: string | null;
          "user_id"?: string | null;
        };
        Update: {
          "action"?: string;
          "actor"?: string;
          "at"?: string;
          "details"?: NonNullable<Json>;
          "id"?: never;
          "request_id"?: string | null;
          "subaccount_sid"?: string | null;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "campaigns": {
        Row: {
          "body": string | null;
          "created_at": string;
          "delivered": number;
          "failed": number;
          "failed_batches": number;
          "finished_at": string | null;
          "from_number": string;
          "id": string;
          "idempotency_key": string;
          "in_flight": number;
          "job_id": number | null;
          "media_urls": (string)[];
          "name": string | null;
          "recipients_deleted_at": string | null;
          "request_hash": string;
          "retry_of": string | null;
          "run": number;
          "scheduled_at": string | null;
          "send_window": Json | null;
          "sent": number;
          "skipped": number;
          "started_at": string | null;
          "status": Database["public"]["Enums"]["campaign_status"];
          "status_reason": Database["public"]["Enums"]["campaign_status_reason"] | null;
          "total": number;
          "twilio_error_code": number | null;
          "unknown": number;
          "updated_at": string;
          "user_id": string;
          "waiting": number;
        };
        ComputedFields: never;
        Insert: {
          "body"?: string | null;
          "created_at"?: string;
          "delivered"?: number;
          "failed"?: number;
          "failed_batches"?: number;
          "finished_at"?: string | null;
          "from_number": string;
          "id"?: string;
          "idempotency_key": string;
          "in_flight"?: number;
          "job_id"?: number | null;
          "media_urls"?: (string)[];
          "name"?: string | null;
          "recipients_deleted_at"?: string | null;
          "request_hash": string;
          "retry_of"?: string | null;
          "run"?: number;
          "scheduled_at"?: string | null;
          "send_window"?: Json | null;
          "sent"?: number;
          "skipped"?: number;
          "started_at"?: string | null;
          "status": Database["public"]["Enums"]["campaign_status"];
          "status_reason"?: Database["public"]["Enums"]["campaign_status_reason"] | null;
          "total": number;
          "twilio_error_code"?: number | null;
          "unknown"?: number;
          "updated_at"?: string;
          "user_id": string;
          "waiting": number;
        };
        Update: {
          "body"?: string | null;
          "created_at"?: string;
          "delivered"?: number;
          "failed"?: number;
          "failed_batches"?: number;
          "finished_at"?: string | null;
          "from_number"?: string;
          "id"?: string;
          "idempotency_key"?: string;
          "in_flight"?: number;
          "job_id"?: number | null;
          "media_urls"?: (string)[];
          "name"?: string | null;
          "recipients_deleted_at"?: string | null;
          "request_hash"?: string;
          "retry_of"?: string | null;
          "run"?: number;
          "scheduled_at"?: string | null;
          "send_window"?: Json | null;
          "sent"?: number;
          "skipped"?: number;
          "started_at"?: string | null;
          "status"?: Database["public"]["Enums"]["campaign_status"];
          "status_reason"?: Database["public"]["Enums"]["campaign_status_reason"] | null;
          "total"?: number;
          "twilio_error_code"?: number | null;
          "unknown"?: number;
          "updated_at"?: string;
          "user_id"?: string;
          "waiting"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "campaigns_retry_of_fkey";
            columns: ["retry_of"];
            isOneToOne: false;
            referencedRelation: "campaigns";
            referencedColumns: ["id"];
          },
        ];
      };
      "contacts": {
        Row: {
          "created_at": string;
          "name": string | null;
          "notes": string | null;
          "phone_number": string;
          "sorted_name": string;
          "tags": (string)[];
          "updated_at": string;
          "user_id": string;
          "words": unknown;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "name"?: string | null;
          "notes"?: string | null;
          "phone_number": string;
          "sorted_name"?: never;
          "tags"?: (string)[];
          "updated_at"?: string;
          "user_id": string;
          "words"?: never;
        };
        Update: {
          "created_at"?: string;
          "name"?: string | null;
          "notes"?: string | null;
          "phone_number"?: string;
          "sorted_name"?: never;
          "tags"?: (string)[];
          "updated_at"?: string;
          "user_id"?: string;
          "words"?: never;
        };
        Relationships: [];
      };
      "forward_deliveries": {
        Row: {
          "attempt_count": number;
          "attempts": NonNullable<Json>;
          "created_at": string;
          "id": string;
          "next_attempt_at": string | null;
          "status": Database["public"]["Enums"]["forward_delivery_status"];
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "attempt_count"?: number;
          "attempts": NonNullable<Json>;
          "created_at"?: string;
          "id": string;
          "next_attempt_at"?: string | null;
          "status": Database["public"]["Enums"]["forward_delivery_status"];
          "user_id": string;
        };
        Update: {
          "attempt_count"?: number;
          "attempts"?: NonNullable<Json>;
          "created_at"?: string;
          "id"?: string;
          "next_attempt_at"?: string | null;
          "status"?: Database["public"]["Enums"]["forward_delivery_status"];
          "user_id"?: string;
        };
        Relationships: [];
      };
      "messaging_settings": {
        Row: {
          "allowed_countries": (string)[] | null;
          "help_reply": string | null;
          "retention_days": number | null;
          "start_reply": string | null;
          "stop_reply": string | null;
          "updated_at": string;
          "user_id": string;
          "version": number;
        };
        ComputedFields: never;
        Insert: {
          "allowed_countries"?: (string)[] | null;
          "help_reply"?: string | null;
          "retention_days"?: number | null;
          "start_reply"?: string | null;
          "stop_reply"?: string | null;
          "updated_at"?: string;
          "user_id": string;
          "version"?: number;
        };
        Update: {
          "allowed_countries"?: (string)[] | null;
          "help_reply"?: string | null;
          "retention_days"?: number | null;
          "start_reply"?: string | null;
          "stop_reply"?: string | null;
          "updated_at"?: string;
          "user_id"?: string;
          "version"?: number;
        };
        Relationships: [];
      };
      "operator_alerts": {
        Row: {
          "acknowledged_at": string | null;
          "acknowledged_because": string | null;
          "acknowledged_by": string | null;
          "delivered_at": string | null;
          "details": NonNullable<Json>;
          "id": string;
          "kind": Database["public"]["Enums"]["alert_kind"];
          "last_raised_at": string;
          "raised_at": string;
          "settled_at": string | null;
          "subject": string;
          "times": number;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "acknowledged_at"?: string | null;
          "acknowledged_because"?: string | null;
          "acknowledged_by"?: string | null;
          "delivered_at"?: string | null;
          "details"?: NonNullable<Json>;
          "id"?: string;
          "kind": Database["public"]["Enums"]["alert_kind"];
          "last_raised_at"?: string;
          "raised_at"?: string;
          "settled_at"?: string | null;
          "subject": string;
          "times"?: number;
          "user_id"?: string | null;
        };
        Update: {
          "acknowledged_at"?: string | null;
          "acknowledged_because"?: string | null;
          "acknowledged_by"?: string | null;
          "delivered_at"?: string | null;
          "details"?: NonNullable<Json>;
          "id"?: string;
          "kind"?: Database["public"]["Enums"]["alert_kind"];
          "last_raised_at"?: string;
          "raised_at"?: string;
          "settled_at"?: string | null;
          "subject"?: string;
          "times"?: number;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "plans": {
        Row: {
          "allowed_countries": (string)[] | null;
          "currency": string;
          "daily_message_limit": number;
          "entitle_while_pending": boolean;
          "excluded_territories": (string)[];
          "included_mms_in": number;
          "included_mms_out": number;
          "included_numbers": number;
          "included_sms_in": number;
          "included_sms_out": number;
          "key": string;
          "leaving_numbers": Database["public"]["Enums"]["leaving_numbers"];
          "markup": number;
          "max_number_price": number;
          "max_numbers": number;
          "max_purchases_per_day": number;
          "max_purchases_per_month": number;
          "messages_per_second": number;
          "monthly_message_limit": number;
          "name": string;
          "parking": string;
          "past_due_grace": string;
          "rank": number;
          "release_notice": string;
          "retention": string;
          "segment_price": number;
          "sending_grace": string;
          "spend_limit": number;
          "stripe_price_id": string | null;
          "superseded_at": string | null;
          "version": number;
        };
        ComputedFields: never;
        Insert: {
          "allowed_countries"?: (string)[] | null;
          "currency"?: string;
          "daily_message_limit": number;
          "entitle_while_pending"?: boolean;
          "excluded_territories"?: (string)[];
          "included_mms_in"?: number;
          "included_mms_out"?: number;
          "included_numbers"?: number;
          "included_sms_in"?: number;
          "included_sms_out"?: number;
          "key": string;
          "leaving_numbers"?: Database["public"]["Enums"]["leaving_numbers"];
          "markup"?: number;
          "max_number_price"?: number;
          "max_numbers": number;
          "max_purchases_per_day"?: number;
          "max_purchases_per_month"?: number;
          "messages_per_second"?: number;
          "monthly_message_limit": number;
          "name": string;
          "parking"?: string;
          "past_due_grace"?: string;
          "rank": number;
          "release_notice"?: string;
          "retention"?: string;
          "segment_price"?: number;
          "sending_grace"?: string;
          "spend_limit"?: number;
          "stripe_price_id"?: string | null;
          "superseded_at"?: string | null;
          "version"?: number;
        };
        Update: {
          "allowed_countries"?: (string)[] | null;
          "currency"?: string;
          "daily_message_limit"?: number;
          "entitle_while_pending"?: boolean;
          "excluded_territories"?: (string)[];
          "included_mms_in"?: number;
          "included_mms_out"?: number;
          "included_numbers"?: number;
          "included_sms_in"?: number;
          "included_sms_out"?: number;
          "key"?: string;
          "leaving_numbers"?: Database["public"]["Enums"]["leaving_numbers"];
          "markup"?: number;
          "max_number_price"?: number;
          "max_numbers"?: number;
          "max_purchases_per_day"?: number;
          "max_purchases_per_month"?: number;
          "messages_per_second"?: number;
          "monthly_message_limit"?: number;
          "name"?: string;
          "parking"?: string;
          "past_due_grace"?: string;
          "rank"?: number;
          "release_notice"?: string;
          "retention"?: string;
          "segment_price"?: number;
          "sending_grace"?: string;
          "spend_limit"?: number;
          "stripe_price_id"?: string | null;
          "superseded_at"?: string | null;
          "version"?: number;
        };
        Relationships: [];
      };
      "sms_conversations": {
        Row: {
          "id": string;
          "last_message_at": string;
          "own_number": string;
          "peer_number": string;
          "read_until": string | null;
          "unread": number;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "id"?: string;
          "last_message_at": string;
          "own_number": string;
          "peer_number": string;
          "read_until"?: string | null;
          "unread"?: number;
          "user_id": string;
        };
        Update: {
          "id"?: string;
          "last_message_at"?: string;
          "own_number"?: string;
          "peer_number"?: string;
          "read_until"?: string | null;
          "unread"?: number;
          "user_id"?: string;
        };
        Relationships: [];
      };
      "sms_messages": {
        Row: {
          "account_sid": string;
          "body": string | null;
          "campaign_id": string | null;
          "consent": Database["public"]["Enums"]["consent"] | null;
          "cost": number | null;
          "country": string | null;
          "created_at": string;
          "direction": Database["public"]["Enums"]["message_direction"];
          "encoding": Database["public"]["Enums"]["message_encoding"] | null;
          "error_code": number | null;
          "error_message": string | null;
          "estimated_price": number;
          "from_number": string;
          "has_media": boolean;
          "id": string;
          "idempotency_key": string | null;
          "kind": Database["public"]["Enums"]["usage_kind"];
          "looked_at": string | null;
          "markup": number;
          "media_types": (string)[];
          "media_urls": (string)[];
          "num_segments": number | null;
          "own_number": string;
          "peer_number": string;
          "plan_key": string | null;
          "price": number | null;
          "price_is_foreign": boolean;
          "price_unit": string | null;
          "redacted_at": string | null;
          "redaction_requested_at": string | null;
          "request_hash": string | null;
          "sent_at": string | null;
          "source": Database["public"]["Enums"]["message_source"];
          "status": Database["public"]["Enums"]["message_status"];
          "status_updated_at": string;
          "tenant_price": number | null;
          "to_number": string;
          "twilio_message_sid": string | null;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "account_sid": string;
          "body"?: string | null;
          "campaign_id"?: string | null;
          "consent"?: Database["public"]["Enums"]["consent"] | null;
          "cost"?: never;
          "country"?: string | null;
          "created_at"?: string;
          "direction": Database["public"]["Enums"]["message_direction"];
          "encoding"?: Database["public"]["Enums"]["message_encoding"] | null;
          "error_code"?: number | null;
          "error_message"?: string | null;
          "estimated_price"?: number;
          "from_number": string;
          "has_media"?: boolean;
          "id"?: string;
          "idempotency_key"?: string | null;
          "kind"?: never;
          "looked_at"?: string | null;
          "markup"?: number;
          "media_types"?: (string)[];
          "media_urls"?: (string)[];
          "num_segments"?: number | null;
          "own_number"?: never;
          "peer_number"?: never;
          "plan_key"?: string | null;
          "price"?: number | null;
          "price_is_foreign"?: boolean;
          "price_unit"?: string | null;
          "redacted_at"?: string | null;
          "redaction_requested_at"?: string | null;
          "request_hash"?: string | null;
          "sent_at"?: string | null;
          "source": Database["public"]["Enums"]["message_source"];
          "status": Database["public"]["Enums"]["message_status"];
          "status_updated_at"?: string;
          "tenant_price"?: never;
          "to_number": string;
          "twilio_message_sid"?: string | null;
          "user_id": string;
        };
        Update: {
          "account_sid"?: string;
          "body"?: string | null;
          "campaign_id"?: string | null;
          "consent"?: Database["public"]["Enums"]["consent"] | null;
          "cost"?: never;
          "country"?: string | null;
          "created_at"?: string;
          "direction"?: Database["public"]["Enums"]["message_direction"];
          "encoding"?: Database["public"]["Enums"]["message_encoding"] | null;
          "error_code"?: number | null;
          "error_message"?: string | null;
          "estimated_price"?: number;
          "from_number"?: string;
          "has_media"?: boolean;
          "id"?: string;
          "idempotency_key"?: string | null;
          "kind"?: never;
          "looked_at"?: string | null;
          "markup"?: number;
          "media_types"?: (string)[];
          "media_urls"?: (string)[];
          "num_segments"?: number | null;
          "own_number"?: never;
          "peer_number"?: never;
          "plan_key"?: string | null;
          "price"?: number | null;
          "price_is_foreign"?: boolean;
          "price_unit"?: string | null;
          "redacted_at"?: string | null;
          "redaction_requested_at"?: string | null;
          "request_hash"?: string | null;
          "sent_at"?: string | null;
          "source"?: Database["public"]["Enums"]["message_source"];
          "status"?: Database["public"]["Enums"]["message_status"];
          "status_updated_at"?: string;
          "tenant_price"?: never;
          "to_number"?: string;
          "twilio_message_sid"?: string | null;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "sms_messages_campaign_id_fkey";
            columns: ["campaign_id"];
            isOneToOne: false;
            referencedRelation: "campaigns";
            referencedColumns: ["id"];
          },
        ];
      };
      "sms_opt_outs": {
        Row: {
          "id": string;
          "keyword": string | null;
          "message_sid": string | null;
          "opted_out_at": string;
          "recipient": string;
          "sender": string | null;
          "source": Database["public"]["Enums"]["opt_out_source"];
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "id"?: string;
          "keyword"?: string | null;
          "message_sid"?: string | null;
          "opted_out_at"?: string;
          "recipient": string;
          "sender"?: string | null;
          "source"?: Database["public"]["Enums"]["opt_out_source"];
          "user_id"?: string | null;
        };
        Update: {
          "id"?: string;
          "keyword"?: string | null;
          "message_sid"?: string | null;
          "opted_out_at"?: string;
          "recipient"?: string;
          "sender"?: string | null;
          "source"?: Database["public"]["Enums"]["opt_out_source"];
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "subscriptions": {
        Row: {
          "cancel_at": string | null;
          "created_at": string;
          "currency": string | null;
          "current_period_end": string | null;
          "current_period_start": string | null;
          "ended_at": string | null;
          "first_payment_pending": boolean;
          "id": string;
          "named_user_id": string | null;
          "origin": Database["public"]["Enums"]["subscription_origin"] | null;
          "past_due_since": string | null;
          "plan_key": string | null;
          "read_number": number;
          "status": Database["public"]["Enums"]["subscription_status"];
          "stripe_customer_id": string;
          "trial_end": string | null;
          "unknown_prices": Json | null;
          "updated_at": string;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "cancel_at"?: string | null;
          "created_at"?: string;
          "currency"?: string | null;
          "current_period_end"?: string | null;
          "current_period_start"?: string | null;
          "ended_at"?: string | null;
          "first_payment_pending"?: boolean;
          "id": string;
          "named_user_id"?: string | null;
          "origin"?: Database["public"]["Enums"]["subscription_origin"] | null;
          "past_due_since"?: string | null;
          "plan_key"?: string | null;
          "read_number"?: number;
          "status": Database["public"]["Enums"]["subscription_status"];
          "stripe_customer_id": string;
          "trial_end"?: string | null;
          "unknown_prices"?: Json | null;
          "updated_at"?: string;
          "user_id"?: string | null;
        };
        Update: {
          "cancel_at"?: string | null;
          "created_at"?: string;
          "currency"?: string | null;
          "current_period_end"?: string | null;
          "current_period_start"?: string | null;
          "ended_at"?: string | null;
          "first_payment_pending"?: boolean;
          "id"?: string;
          "named_user_id"?: string | null;
          "origin"?: Database["public"]["Enums"]["subscription_origin"] | null;
          "past_due_since"?: string | null;
          "plan_key"?: string | null;
          "read_number"?: number;
          "status"?: Database["public"]["Enums"]["subscription_status"];
          "stripe_customer_id"?: string;
          "trial_end"?: string | null;
          "unknown_prices"?: Json | null;
          "updated_at"?: string;
          "user_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "subscriptions_plan_key_fkey";
            columns: ["plan_key"];
            isOneToOne: false;
            referencedRelation: "plans";
            referencedColumns: ["key"];
          },
        ];
      };
      "tenant_notices": {
        Row: {
          "details": NonNullable<Json>;
          "id": string;
          "kind": Database["public"]["Enums"]["notice_kind"];
          "raised_at": string;
          "subject": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "details"?: NonNullable<Json>;
          "id"?: string;
          "kind": Database["public"]["Enums"]["notice_kind"];
          "raised_at"?: string;
          "subject": string;
          "user_id": string;
        };
        Update: {
          "details"?: NonNullable<Json>;
          "id"?: string;
          "kind"?: Database["public"]["Enums"]["notice_kind"];
          "raised_at"?: string;
          "subject"?: string;
          "user_id"?: string;
        };
        Relationships: [];
      };
      "twilio_usage": {
        Row: {
          "account_sid": string;
          "category": string;
          "count": number;
          "day": string;
          "price": number;
          "price_unit": string;
          "refreshed_at": string;
          "usage": number;
          "user_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "account_sid": string;
          "category": string;
          "count": number;
          "day": string;
          "price": number;
          "price_unit": string;
          "refreshed_at"?: string;
          "usage": number;
          "user_id"?: string | null;
        };
        Update: {
          "account_sid"?: string;
          "category"?: string;
          "count"?: number;
          "day"?: string;
          "price"?: number;
          "price_unit"?: string;
          "refreshed_at"?: string;
          "usage"?: number;
          "user_id"?: string | null;
        };
        Relationships: [];
      };
      "user_preferences": {
        Row: {
          "created_at": string;
          "twilio_subaccount_auth_token_encrypted": string | null;
          "twilio_subaccount_created_at": string | null;
          "twilio_subaccount_friendly_name": string | null;
          "twilio_subaccount_sid": string | null;
          "twilio_subaccount_status": string;
          "updated_at": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "twilio_subaccount_auth_token_encrypted"?: string | null;
          "twilio_subaccount_created_at"?: string | null;
          "twilio_subaccount_friendly_name"?: string | null;
          "twilio_subaccount_sid"?: string | null;
          "twilio_subaccount_status"?: string;
          "updated_at"?: string;
          "user_id": string;
        };
        Update: {
          "created_at"?: string;
          "twilio_subaccount_auth_token_encrypted"?: string | null;
          "twilio_subaccount_created_at"?: string | null;
          "twilio_subaccount_friendly_name"?: string | null;
          "twilio_subaccount_sid"?: string | null;
          "twilio_subaccount_status"?: string;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Relationships: [];
      };
      "user_twilio_numbers": {
        Row: {
          "account_sid": string | null;
          "capabilities": NonNullable<Json>;
          "created_at": string;
          "friendly_name": string | null;
          "id": string;
          "is_held": boolean;
          "is_primary": boolean;
          "messages_per_second": number;
          "phone_number": string;
          "phone_sid": string | null;
          "purchased_at": string | null;
          "status": string;
          "updated_at": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "account_sid"?: string | null;
          "capabilities"?: NonNullable<Json>;
          "created_at"?: string;
          "friendly_name"?: string | null;
          "id"?: string;
          "is_held"?: never;
          "is_primary"?: boolean;
          "messages_per_second"?: number;
          "phone_number": string;
          "phone_sid"?: string | null;
          "purchased_at"?: string | null;
          "status"?: string;
          "updated_at"?: string;
          "user_id": string;
        };
        Update: {
          "account_sid"?: string | null;
          "capabilities"?: NonNullable<Json>;
          "created_at"?: string;
          "friendly_name"?: string | null;
          "id"?: string;
          "is_held"?: never;
          "is_primary"?: boolean;
          "messages_per_second"?: number;
          "phone_number"?: string;
          "phone_sid"?: string | null;
          "purchased_at"?: string | null;
          "status"?: string;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Relationships: [];
      };
      "webhook_events": {
        Row: {
          "event_id": string;
          "id": string;
          "ignored_because": Database["public"]["Enums"]["ignored_event_reason"] | null;
          "occurred_at": string | null;
          "payload": Json | null;
          "processed_at": string | null;
          "provider": Database["public"]["Enums"]["webhook_provider"];
          "received_at": string;
          "result": Database["public"]["Enums"]["event_result"] | null;
          "type": string;
        };
        ComputedFields: never;
        Insert: {
          "event_id": string;
          "id"?: string;
          "ignored_because"?: Database["public"]["Enums"]["ignored_event_reason"] | null;
          "occurred_at"?: string | null;
          "payload"?: Json | null;
          "processed_at"?: string | null;
          "provider": Database["public"]["Enums"]["webhook_provider"];
          "received_at"?: string;
          "result"?: Database["public"]["Enums"]["event_result"] | null;
          "type": string;
        };
        Update: {
          "event_id"?: string;
          "id"?: string;
          "ignored_because"?: Database["public"]["Enums"]["ignored_event_reason"] | null;
          "occurred_at"?: string | null;
          "payload"?: Json | null;
          "processed_at"?: string | null;
          "provider"?: Database["public"]["Enums"]["webhook_provider"];
          "received_at"?: string;
          "result"?: Database["public"]["Enums"]["event_result"] | null;
          "type"?: string;
        };
        Relationships: [];
      };
    };
    Views: {
      [_ in never]: never;
    };
    Functions: {
      "account_and_shared_numbers": {
        Args: { "p_user_id": string };
        Returns: {
          "outcome": Database["public"]["Enums"]["account_status"];
          "shared_numbers": Json;
        }[];
      };
      "account_outlook": {
        Args: { "p_user_id": string };
        Returns: Database["public"]["CompositeTypes"]["account_outlook"][];
        SetofOptions: {
          from: "*";
          to: "account_outlook";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "acknowledge_alert": {
        Args: { "p_alert_id": string; "p_operator_id": string; "p_reason": string; "p_request_id": string };
        Returns: Database["public"]["Enums"]["acknowledge_alert_outcome"];
      };
      "add_opt_outs": {
        Args: {
          "p_kept_at_most"?: number;
          "p_opt_outs": Json;
          "p_source": Database["public"]["Enums"]["opt_out_source"];
          "p_user_id": string;
        };
        Returns: {
          "added": number;
          "known": number;
          "not_owned": (number)[];
          "outcome": Database["public"]["Enums"]["add_opt_outs_outcome"];
        }[];
      };
      "add_up_revenue": { Args: { "p_limit": number }; Returns: number };
      "alert_to_deliver": {
        Args: { "p_alert_id": string };
        Returns: {
          "alert": Json;
          "outcome": Database["public"]["Enums"]["alert_delivery"];
        }[];
      };
      "ask_for_comparisons": { Args: { "p_limit": number }; Returns: number };
      "ask_for_drifted_convergence": {
        Args: { "p_limit": number };
        Returns: {
          "asked": number;
          "checked": number;
        }[];
      };
      "ask_for_due_redactions": {
        Args: { "p_limit": number };
        Returns: {
          "asked": number;
          "checked": number;
        }[];
      };
      "ask_for_due_token_rotations": { Args: { "p_limit": number; "p_max_age_days": number }; Returns: number };
      "ask_for_final_bills": { Args: { "p_limit": number }; Returns: number };
      "ask_for_invoice": { Args: { "p_invoice_id": string }; Returns: boolean };
      "ask_for_metering": { Args: { "p_limit": number }; Returns: number };
      "ask_for_number_syncs": { Args: { "p_limit": number }; Returns: number };
      "ask_for_rating": { Args: { "p_limit": number }; Returns: number };
      "ask_for_usage_syncs": { Args: { "p_limit": number; "p_master_sid": string }; Returns: number };
      "ask_for_usage_triggers": { Args: { "p_limit": number }; Returns: number };
      "begin_cancellation": {
        Args: { "p_subscription_id": string };
        Returns: {
          "customer_id": string;
          "ends": Database["public"]["Enums"]["cancellation_time"];
          "number": number;
          "outcome": Database["public"]["Enums"]["begin_cancellation_outcome"];
          "prorate": boolean;
        }[];
      };
      "begin_checkout": {
        Args: {
          "p_cancel_url": string;
          "p_over_session_id": string;
          "p_plan_key": string;
          "p_success_url": string;
          "p_user_id": string;
        };
        Returns: {
          "attempt_id": string;
          "customer_id": string;
          "customers": number;
          "outcome": Database["public"]["Enums"]["begin_checkout_outcome"];
          "price_id": string;
          "replaced_session_id": string;
          "session_id": string;
        }[];
      };
      "begin_comparison": {
        Args: { "p_customer_id": string; "p_lease_seconds": number; "p_limit": number };
        Returns: {
          "fence": number;
          "outcome": Database["public"]["Enums"]["begin_comparison_outcome"];
          "windows": Json;
        }[];
      };
      "begin_convergence": {
        Args: { "p_lease_seconds": number; "p_user_id": string };
        Returns: {
          "applied_status": Database["public"]["Enums"]["twilio_account_status"];
          "create_attempted_at": string;
          "fence": number;
          "has_token": boolean;
          "intended_status": Database["public"]["Enums"]["twilio_account_status"];
          "outcome": Database["public"]["Enums"]["lease_outcome"];
          "stored_status": Database["public"]["Enums"]["account_status"];
          "subaccount_sid": string;
          "version": number;
          "wanted": Database["public"]["Enums"]["wanted_status"];
        }[];
      };
      "begin_final_bill": {
        Args: { "p_subscription_id": string };
        Returns: {
          "charge": Json;
          "customer_id": string;
          "ended_at": string;
          "is_flushed": boolean;
          "outcome": Database["public"]["Enums"]["final_bill_step"];
        }[];
      };
      "begin_metering": {
        Args: { "p_customer_id": string; "p_fence": number; "p_lease_seconds": number; "p_limit": number };
        Returns: {
          "calls": Json;
          "fence": number;
          "outcome": Database["public"]["Enums"]["begin_metering_outcome"];
        }[];
      };
      "begin_number_release": {
        Args: { "p_confirm_phone_number": string; "p_number_id": string; "p_user_id": string };
        Returns: {
          "number": Json;
          "outcome": Database["public"]["Enums"]["begin_number_release_outcome"];
          "primary_number": Json;
          "sealed_token": string;
          "subaccount_sid": string;
        }[];
      };
      "begin_number_sync": {
        Args: { "p_user_id": string };
        Returns: {
          "numbers": Json;
          "outcome": Database["public"]["Enums"]["account_status"];
          "read_at": string;
          "sealed_token": string;
          "subaccount_sid": string;
        }[];
      };
      "begin_plan_change": {
        Args: { "p_plan_key": string; "p_user_id": string };
        Returns: {
          "outcome": Database["public"]["Enums"]["begin_plan_change_outcome"];
          "plan_keys": (string)[];
          "plan_price_ids": (string)[];
          "price_id": string;
          "subscription_id": string;
        }[];
      };
      "begin_stripe_event": {
        Args: { "p_event_id": string };
        Returns: {
          "outcome": Database["public"]["Enums"]["begin_stripe_event_outcome"];
          "payload": Json;
          "read_number": number;
          "type": string;
        }[];
      };
      "begin_sweep": { Args: Record<PropertyKey, never>; Returns: number };
      "begin_token_rotation": {
        Args: { "p_lease_seconds": number; "p_user_id": string };
        Returns: {
          "fence": number;
          "outcome": Database["public"]["Enums"]["token_lease_outcome"];
          "previous_until": string;
          "requested": boolean;
          "sealed_next": string;
          "sealed_previous": string;
          "sealed_token": string;
          "subaccount_sid": string;
        }[];
      };
      "begin_usage_sync": {
        Args: { "p_account_sid": string };
        Returns: {
          "fence": number;
          "from_day": string;
          "is_gone": boolean;
          "outcome": Database["public"]["Enums"]["begin_usage_sync_outcome"];
          "until_day": string;
        }[];
      };
      "begin_usage_trigger": {
        Args: { "p_lease_seconds": number; "p_user_id": string };
        Returns: {
          "account_sid": string;
          "fence": number;
          "outcome": Database["public"]["Enums"]["usage_trigger_lease"];
          "trigger_value": number;
        }[];
      };
      "billed_users": {
        Args: { "p_customer_id": string };
        Returns: {
          "user_id": string;
        }[];
      };
      "billing_customer": {
        Args: { "p_user_id": string };
        Returns: {
          "customer_id": string;
          "outcome": Database["public"]["Enums"]["billing_customer_outcome"];
        }[];
      };
      "cancel_fee": {
        Args: { "p_key": string; "p_user_id": string };
        Returns: Database["public"]["Enums"]["cancel_outcome"];
      };
      "cancel_forward_delivery": { Args: { "p_event_id": string; "p_user_id": string }; Returns: boolean };
      "cancel_number_release": {
        Args: { "p_number_id": string };
        Returns: Database["public"]["Enums"]["cancel_outcome"];
      };
      "cancel_number_reservation": {
        Args: { "p_number_id": string };
        Returns: Database["public"]["Enums"]["cancel_outcome"];
      };
      "change_alerts": {
        Args: {
          "p_alert_ids": (string)[];
          "p_operator_id": string;
          "p_reason": string;
          "p_request_id": string;
          "p_to": Database["public"]["Enums"]["alert_change"];
        };
        Returns: {
          "alert_id": string;
          "outcome": Database["public"]["Enums"]["changed_alert"];
        }[];
      };
      "change_campaign": {
        Args: {
          "p_campaign_id": string;
          "p_change": Database["public"]["Enums"]["campaign_change"];
          "p_request_id": string;
          "p_user_id": string;
        };
        Returns: {
          "campaign": Json;
          "outcome": Database["public"]["Enums"]["change_campaign_outcome"];
        }[];
      };
      "change_forward_webhook": {
        Args: { "p_id": string; "p_request_id": string; "p_url": string; "p_user_id": string };
        Returns: {
          "created_at": string;
          "outcome": Database["public"]["Enums"]["change_forward_webhook_outcome"];
        }[];
      };
      "charge_number_fees": { Args: { "p_limit": number }; Returns: number };
      "check_due_spending": { Args: { "p_limit": number }; Returns: number };
      "claim_jobs": {
        Args: { "p_lane": Database["public"]["Enums"]["job_lane"]; "p_limit": number; "p_visibility_seconds": number };
        Returns: Database["public"]["CompositeTypes"]["claimed_job"][];
        SetofOptions: {
          from: "*";
          to: "claimed_job";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "claim_subscription": {
        Args: {
          "p_customer_email": string;
          "p_customer_id": string;
          "p_request_id": string;
          "p_subscription_id": string;
          "p_user_id": string;
        };
        Returns: Database["public"]["Enums"]["claim_subscription_outcome"];
      };
      "claim_unmetered_subscriptions": {
        Args: { "p_limit": number };
        Returns: {
          "subscription_id": string;
        }[];
      };
      "close_alert": {
        Args: { "p_alert_id": string; "p_operator_id": string; "p_reason": string; "p_request_id": string };
        Returns: Database["public"]["Enums"]["close_alert_outcome"];
      };
      "close_books": { Args: { "p_subscription_id": string }; Returns: string };
      "close_due_periods": { Args: { "p_limit": number }; Returns: number };
      "confirm_forward_webhook": {
        Args: { "p_id": string; "p_request_id": string; "p_user_id": string };
        Returns: {
          "created_at": string;
          "outcome": Database["public"]["Enums"]["confirm_forward_webhook_outcome"];
          "url": string;
        }[];
      };
      "cost_of_usage": { Args: { "p_from": string; "p_until": string; "p_user_id": string }; Returns: Json };
      "count_request": {
        Args: {
          "p_action": string;
          "p_address": string;
          "p_address_limit": number;
          "p_user_id": string;
          "p_user_limit": number;
          "p_window_seconds": number;
        };
        Returns: {
          "outcome": Database["public"]["Enums"]["rate_limit_outcome"];
          "retry_after_seconds": number;
        }[];
      };
      "count_unpaid_accounts": { Args: { "p_limit": number }; Returns: boolean };
      "create_campaign": {
        Args: {
          "p_address": string;
          "p_address_rate": number;
          "p_body": string;
          "p_from": string;
          "p_idempotency_key": string;
          "p_media_urls": (string)[];
          "p_name": string;
          "p_recipients": Json;
          "p_request_hash": string;
          "p_request_id": string;
          "p_scheduled_at": string;
          "p_send_window"?: Json;
          "p_user_id": string;
          "p_user_rate": number;
        };
        Returns: {
          "campaign": Json;
          "never_open": (string)[];
          "outcome": Database["public"]["Enums"]["create_campaign_outcome"];
          "recipients_left": number;
          "retry_after_seconds": number;
          "spending": Json;
        }[];
      };
      "decide_duplicate": {
        Args: { "p_account_sid": string; "p_fence": number; "p_refused": Json; "p_user_id": string };
        Returns: Database["public"]["Enums"]["duplicate_outcome"];
      };
      "decide_leaving": {
        Args: {
          "p_account_sid": string;
          "p_by_hand": boolean;
          "p_fence": number;
          "p_numbers": Json;
          "p_user_id": string;
        };
        Returns: {
          "numbers": Json;
          "outcome": Database["public"]["Enums"]["leaving_outcome"];
        }[];
      };
      "defer_job": {
        Args: { "p_delay_seconds": number; "p_job_id": number; "p_lane": Database["public"]["Enums"]["job_lane"] };
        Returns: Database["public"]["Enums"]["defer_job_outcome"];
      };
      "delay_sender": { Args: { "p_phone_number": string; "p_seconds": number }; Returns: string };
      "delete_campaign_recipients": { Args: { "p_kept_days": number; "p_limit": number }; Returns: number };
      "delete_contact": {
        Args: { "p_phone_number": string; "p_user_id": string };
        Returns: {
          "outcome": Database["public"]["Enums"]["delete_contact_outcome"];
        }[];
      };
      "describe_health": { Args: { "p_max_subaccounts": number }; Returns: Json };
      "describe_installation": {
        Args: Record<PropertyKey, never>;
        Returns: {
          "finding": string;
          "subject": string;
          "verdict": Database["public"]["Enums"]["installation_verdict"];
        }[];
      };
      "disable_forward_webhook": {
        Args: { "p_reason": string; "p_url": string; "p_user_id": string };
        Returns: Database["public"]["Enums"]["disable_forward_webhook_outcome"];
      };
      "emails_of_tenants": {
        Args: { "p_user_ids": (string)[] };
        Returns: {
          "email": string;
          "user_id": string;
        }[];
      };
      "end_convergence": {
        Args: {
          "p_error"?: string;
          "p_fence": number;
          "p_in_doubt"?: boolean;
          "p_user_id": string;
          "p_version": number;
        };
        Returns: Database["public"]["Enums"]["convergence_end"];
      };
      "end_sweep": {
        Args: { "p_limit"?: number; "p_max_subaccounts": number; "p_sweep_id": number };
        Returns: {
          "mismatches": number;
          "missing": number;
          "open_accounts": number;
          "outcome": Database["public"]["Enums"]["end_sweep_outcome"];
          "strangers": number;
        }[];
      };
      "end_token_rotation": {
        Args: { "p_fence": number; "p_user_id": string };
        Returns: Database["public"]["Enums"]["fenced_write"];
      };
      "end_usage_trigger": {
        Args: { "p_fence": number; "p_user_id": string };
        Returns: Database["public"]["Enums"]["fenced_write"];
      };
      "erase_messages_of_deleted_user": {
        Args: { "p_limit": number; "p_user_id": string };
        Returns: Database["public"]["Enums"]["erasure_outcome"];
      };
      "figures_of_tenants": { Args: { "p_user_ids": (string)[] }; Returns: Json };
      "finish_job": {
        Args: { "p_job_id": number; "p_lane": Database["public"]["Enums"]["job_lane"] };
        Returns: boolean;
      };
      "forget_invoice": { Args: { "p_invoice_id": string; "p_read_number": number }; Returns: boolean };
      "forget_previous_tokens": { Args: { "p_limit": number }; Returns: number };
      "forget_rate_limits": { Args: Record<PropertyKey, never>; Returns: number };
      "forget_stripe_customer": {
        Args: { "p_customer_id": string; "p_user_id": string };
        Returns: Database["public"]["Enums"]["forget_stripe_customer_outcome"];
      };
      "forward_delivery_of": {
        Args: { "p_id": string; "p_user_id": string };
        Returns: {
          "attempt_count": number;
          "attempts": NonNullable<Json>;
          "created_at": string;
          "id": string;
          "next_attempt_at": string | null;
          "status": Database["public"]["Enums"]["forward_delivery_status"];
          "user_id": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "forward_deliveries";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "forward_webhook_of": {
        Args: { "p_user_id": string };
        Returns: {
          "created_at": string;
          "disabled_reason": string;
          "id": string;
          "outcome": Database["public"]["Enums"]["forward_webhook_status"];
          "sealed_secret": string;
          "url": string;
        }[];
      };
      "get_usage": {
        Args: {
          "p_by": Database["public"]["Enums"]["usage_step"];
          "p_from"?: string;
          "p_until"?: string;
          "p_user_id": string;
        };
        Returns: {
          "currency": string;
          "daily_left": number;
          "daily_limit": number;
          "estimated_messages": number;
          "fees_final_until": string;
          "fees_read_at": string;
          "forecast": number;
          "from_day": string;
          "monthly_left": number;
          "monthly_limit": number;
          "period_from": string;
          "period_until": string;
          "plan_key": string;
          "report": Json;
          "spend_left": number;
          "spend_limit": number;
          "spent": number;
          "until_day": string;
        }[];
      };
      "hold_tenant": {
        Args: {
          "p_hold": Database["public"]["Enums"]["operator_hold"];
          "p_operator_id": string;
          "p_reason": string;
          "p_request_id": string;
          "p_user_id": string;
        };
        Returns: {
          "outcome": Database["public"]["Enums"]["operator_request"];
          "status": Database["public"]["Enums"]["account_status"];
          "subaccount_sid": string;
        }[];
      };
      "kinds_of_prices": {
        Args: { "p_price_ids": (string)[] };
        Returns: {
          "kind": Database["public"]["Enums"]["usage_kind"];
          "price_id": string;
        }[];
      };
      "lease_cancellation": {
        Args: { "p_is_flushed": boolean; "p_lease_seconds": number; "p_subscription_id": string };
        Returns: {
          "fence": number;
          "outcome": Database["public"]["Enums"]["lease_cancellation_outcome"];
          "seconds": number;
        }[];
      };
      "lift_opt_outs": {
        Args: {
          "p_answered_sid": string;
          "p_country": string;
          "p_gone_stops": (string)[];
          "p_older_stops": (string)[];
          "p_own_number": string;
          "p_peer_number": string;
          "p_started_at": string;
          "p_user_id": string;
        };
        Returns: {
          "lifted": number;
          "reply": string;
          "reply_id": string;
        }[];
      };
      "link_stripe_customer": {
        Args: {
          "p_customer_id": string;
          "p_origin": Database["public"]["Enums"]["subscription_origin"];
          "p_user_id": string;
        };
        Returns: Database["public"]["Enums"]["link_stripe_customer_outcome"];
      };
      "list_alerts": {
        Args: {
          "p_before": string;
          "p_kind"?: Database["public"]["Enums"]["alert_kind"];
          "p_limit": number;
          "p_state": Database["public"]["Enums"]["alert_state"];
        };
        Returns: {
          "acknowledged_at": string | null;
          "acknowledged_because": string | null;
          "acknowledged_by": string | null;
          "delivered_at": string | null;
          "details": NonNullable<Json>;
          "id": string;
          "kind": Database["public"]["Enums"]["alert_kind"];
          "last_raised_at": string;
          "raised_at": string;
          "settled_at": string | null;
          "subject": string;
          "times": number;
          "user_id": string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "operator_alerts";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_audit_lines": {
        Args: { "p_before_at": string; "p_before_id": number; "p_limit": number; "p_user_id": string };
        Returns: {
          "action": string;
          "actor": string;
          "at": string;
          "details": NonNullable<Json>;
          "id": number;
          "request_id": string | null;
          "subaccount_sid": string | null;
          "user_id": string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "audit_log";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_audit_log": {
        Args: { "p_action": string; "p_actor": string; "p_before": number; "p_limit": number; "p_request_id": string };
        Returns: {
          "action": string;
          "actor": string;
          "at": string;
          "details": NonNullable<Json>;
          "id": number;
          "request_id": string | null;
          "subaccount_sid": string | null;
          "user_id": string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "audit_log";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_campaign_recipients": {
        Args: {
          "p_after": number;
          "p_campaign_id": string;
          "p_count": Database["public"]["Enums"]["campaign_count"];
          "p_limit": number;
          "p_user_id": string;
        };
        Returns: Database["public"]["CompositeTypes"]["campaign_recipient"][];
        SetofOptions: {
          from: "*";
          to: "campaign_recipient";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_campaigns": {
        Args: {
          "p_before_at": string;
          "p_before_id": string;
          "p_campaign_id": string;
          "p_limit": number;
          "p_status": Database["public"]["Enums"]["campaign_status"];
          "p_user_id": string;
        };
        Returns: {
          "body": string | null;
          "created_at": string;
          "delivered": number;
          "failed": number;
          "failed_batches": number;
          "finished_at": string | null;
          "from_number": string;
          "id": string;
          "idempotency_key": string;
          "in_flight": number;
          "job_id": number | null;
          "media_urls": (string)[];
          "name": string | null;
          "recipients_deleted_at": string | null;
          "request_hash": string;
          "retry_of": string | null;
          "run": number;
          "scheduled_at": string | null;
          "send_window": Json | null;
          "sent": number;
          "skipped": number;
          "started_at": string | null;
          "status": Database["public"]["Enums"]["campaign_status"];
          "status_reason": Database["public"]["Enums"]["campaign_status_reason"] | null;
          "total": number;
          "twilio_error_code": number | null;
          "unknown": number;
          "updated_at": string;
          "user_id": string;
          "waiting": number;
        }[];
        SetofOptions: {
          from: "*";
          to: "campaigns";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_carrier_fees": {
        Args: {
          "p_after_channel": string;
          "p_after_country": string;
          "p_after_day": string;
          "p_country": string;
          "p_limit": number;
        };
        Returns: Database["public"]["CompositeTypes"]["carrier_fee"][];
        SetofOptions: {
          from: "*";
          to: "carrier_fee";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_claimable_subscriptions": {
        Args: { "p_limit": number; "p_subscription_id": string; "p_user_id": string };
        Returns: {
          "cancel_at": string | null;
          "created_at": string;
          "currency": string | null;
          "current_period_end": string | null;
          "current_period_start": string | null;
          "ended_at": string | null;
          "first_payment_pending": boolean;
          "id": string;
          "named_user_id": string | null;
          "origin": Database["public"]["Enums"]["subscription_origin"] | null;
          "past_due_since": string | null;
          "plan_key": string | null;
          "read_number": number;
          "status": Database["public"]["Enums"]["subscription_status"];
          "stripe_customer_id": string;
          "trial_end": string | null;
          "unknown_prices": Json | null;
          "updated_at": string;
          "user_id": string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "subscriptions";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_contact_tags": {
        Args: { "p_limit": number; "p_user_id": string };
        Returns: Database["public"]["CompositeTypes"]["contact_tag"][];
        SetofOptions: {
          from: "*";
          to: "contact_tag";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_contacts": {
        Args: {
          "p_after_name": string;
          "p_after_number": string;
          "p_limit": number;
          "p_phone_number": string;
          "p_search": string;
          "p_tag": string;
          "p_user_id": string;
        };
        Returns: Database["public"]["CompositeTypes"]["contact"][];
        SetofOptions: {
          from: "*";
          to: "contact";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_conversations": {
        Args: {
          "p_before_at": string;
          "p_before_own": string;
          "p_before_peer": string;
          "p_has_failed": boolean;
          "p_is_opted_out": boolean;
          "p_is_unread": boolean;
          "p_limit": number;
          "p_own_number": string;
          "p_peer_number": string;
          "p_search": string;
          "p_tag": string;
          "p_user_id": string;
        };
        Returns: {
          "conversations": Json;
          "next_at": string;
          "next_own": string;
          "next_peer": string;
          "unread_conversations": number;
        }[];
      };
      "list_dead_letters": {
        Args: { "p_before": number; "p_limit": number };
        Returns: Database["public"]["CompositeTypes"]["dead_letter"][];
        SetofOptions: {
          from: "*";
          to: "dead_letter";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_exchange_rates": {
        Args: {
          "p_after_currency": string;
          "p_after_day": string;
          "p_after_unit": string;
          "p_currency": string;
          "p_limit": number;
          "p_unit": string;
        };
        Returns: Database["public"]["CompositeTypes"]["exchange_rate"][];
        SetofOptions: {
          from: "*";
          to: "exchange_rate";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_forward_deliveries": {
        Args: {
          "p_before_at": string;
          "p_before_id": string;
          "p_limit": number;
          "p_since": string;
          "p_status": Database["public"]["Enums"]["forward_delivery_status"];
          "p_until": string;
          "p_user_id": string;
        };
        Returns: {
          "attempt_count": number;
          "attempts": NonNullable<Json>;
          "created_at": string;
          "id": string;
          "next_attempt_at": string | null;
          "status": Database["public"]["Enums"]["forward_delivery_status"];
          "user_id": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "forward_deliveries";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_losses": {
        Args: {
          "p_after_currency": string;
          "p_after_month": string;
          "p_after_reason": string;
          "p_after_user_id": string;
          "p_by": Database["public"]["Enums"]["revenue_by"];
          "p_from": string;
          "p_limit": number;
          "p_reason": string;
          "p_until": string;
          "p_user_id": string;
        };
        Returns: Database["public"]["CompositeTypes"]["loss"][];
        SetofOptions: {
          from: "*";
          to: "loss";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_messages": {
        Args: {
          "p_before_at": string;
          "p_before_id": string;
          "p_campaign_id": string;
          "p_direction": Database["public"]["Enums"]["message_direction"];
          "p_limit": number;
          "p_own_number": string;
          "p_peer_number": string;
          "p_search": string;
          "p_since": string;
          "p_statuses": (Database["public"]["Enums"]["message_status"])[];
          "p_until": string;
          "p_user_id": string;
        };
        Returns: {
          "account_sid": string;
          "body": string | null;
          "campaign_id": string | null;
          "consent": Database["public"]["Enums"]["consent"] | null;
          "cost": number | null;
          "country": string | null;
          "created_at": string;
          "direction": Database["public"]["Enums"]["message_direction"];
          "encoding": Database["public"]["Enums"]["message_encoding"] | null;
          "error_code": number | null;
          "error_message": string | null;
          "estimated_price": number;
          "from_number": string;
          "has_media": boolean;
          "id": string;
          "idempotency_key": string | null;
          "kind": Database["public"]["Enums"]["usage_kind"];
          "looked_at": string | null;
          "markup": number;
          "media_types": (string)[];
          "media_urls": (string)[];
          "num_segments": number | null;
          "own_number": string;
          "peer_number": string;
          "plan_key": string | null;
          "price": number | null;
          "price_is_foreign": boolean;
          "price_unit": string | null;
          "redacted_at": string | null;
          "redaction_requested_at": string | null;
          "request_hash": string | null;
          "sent_at": string | null;
          "source": Database["public"]["Enums"]["message_source"];
          "status": Database["public"]["Enums"]["message_status"];
          "status_updated_at": string;
          "tenant_price": number | null;
          "to_number": string;
          "twilio_message_sid": string | null;
          "user_id": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "sms_messages";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_messages_forwards": {
        Args: {
          "p_after_at": string;
          "p_after_id": string;
          "p_campaign_id": string;
          "p_direction": Database["public"]["Enums"]["message_direction"];
          "p_limit": number;
          "p_own_number": string;
          "p_peer_number": string;
          "p_since": string;
          "p_statuses": (Database["public"]["Enums"]["message_status"])[];
          "p_until": string;
          "p_user_id": string;
        };
        Returns: {
          "account_sid": string;
          "body": string | null;
          "campaign_id": string | null;
          "consent": Database["public"]["Enums"]["consent"] | null;
          "cost": number | null;
          "country": string | null;
          "created_at": string;
          "direction": Database["public"]["Enums"]["message_direction"];
          "encoding": Database["public"]["Enums"]["message_encoding"] | null;
          "error_code": number | null;
          "error_message": string | null;
          "estimated_price": number;
          "from_number": string;
          "has_media": boolean;
          "id": string;
          "idempotency_key": string | null;
          "kind": Database["public"]["Enums"]["usage_kind"];
          "looked_at": string | null;
          "markup": number;
          "media_types": (string)[];
          "media_urls": (string)[];
          "num_segments": number | null;
          "own_number": string;
          "peer_number": string;
          "plan_key": string | null;
          "price": number | null;
          "price_is_foreign": boolean;
          "price_unit": string | null;
          "redacted_at": string | null;
          "redaction_requested_at": string | null;
          "request_hash": string | null;
          "sent_at": string | null;
          "source": Database["public"]["Enums"]["message_source"];
          "status": Database["public"]["Enums"]["message_status"];
          "status_updated_at": string;
          "tenant_price": number | null;
          "to_number": string;
          "twilio_message_sid": string | null;
          "user_id": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "sms_messages";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_meters": {
        Args: Record<PropertyKey, never>;
        Returns: {
          "kind": Database["public"]["Enums"]["usage_kind"];
          "meter_id": string;
        }[];
      };
      "list_opt_outs": {
        Args: {
          "p_before_at": string;
          "p_before_id": string;
          "p_limit": number;
          "p_recipient": string;
          "p_sender": string;
          "p_source": Database["public"]["Enums"]["opt_out_source"];
          "p_user_id": string;
        };
        Returns: {
          "id": string;
          "keyword": string | null;
          "message_sid": string | null;
          "opted_out_at": string;
          "recipient": string;
          "sender": string | null;
          "source": Database["public"]["Enums"]["opt_out_source"];
          "user_id": string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "sms_opt_outs";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_plans": {
        Args: Record<PropertyKey, never>;
        Returns: Database["public"]["CompositeTypes"]["listed_plan"][];
        SetofOptions: {
          from: "*";
          to: "listed_plan";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_reconciliations": {
        Args: {
          "p_account_sid": string;
          "p_before_account_sid": string;
          "p_before_day": string;
          "p_limit": number;
          "p_must_be_explained": boolean;
        };
        Returns: Database["public"]["CompositeTypes"]["reconciliation"][];
        SetofOptions: {
          from: "*";
          to: "reconciliation";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_rejected": {
        Args: { "p_before_number": number; "p_limit": number; "p_user_id": string };
        Returns: Database["public"]["CompositeTypes"]["rejected_usage"][];
        SetofOptions: {
          from: "*";
          to: "rejected_usage";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_revenue": {
        Args: {
          "p_after_currency": string;
          "p_after_month": string;
          "p_after_user_id": string;
          "p_by": Database["public"]["Enums"]["revenue_by"];
          "p_currency": string;
          "p_from": string;
          "p_limit": number;
          "p_order": Database["public"]["Enums"]["revenue_order"];
          "p_until": string;
          "p_user_id": string;
        };
        Returns: Database["public"]["CompositeTypes"]["revenue"][];
        SetofOptions: {
          from: "*";
          to: "revenue";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_sale_prices": {
        Args: Record<PropertyKey, never>;
        Returns: Database["public"]["CompositeTypes"]["sale_price"][];
        SetofOptions: {
          from: "*";
          to: "sale_price";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_statements": {
        Args: { "p_before_at": string; "p_before_id": string; "p_limit": number; "p_user_id": string };
        Returns: Database["public"]["CompositeTypes"]["statement"][];
        SetofOptions: {
          from: "*";
          to: "statement";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_tenants": {
        Args: {
          "p_after": string;
          "p_after_at": string;
          "p_is_drifting": boolean;
          "p_is_over_limit": boolean;
          "p_is_unpaid": boolean;
          "p_limit": number;
          "p_order": Database["public"]["Enums"]["tenant_order"];
          "p_plan_key": string;
          "p_search": string;
          "p_status": Database["public"]["Enums"]["account_status"];
        };
        Returns: {
          "next_at": string;
          "next_id": string;
          "outcome": Database["public"]["Enums"]["list_tenants_outcome"];
          "tenants": Json;
        }[];
      };
      "list_unbilled": {
        Args: {
          "p_after_day": string;
          "p_after_id": string;
          "p_last_day": string;
          "p_limit": number;
          "p_state": Database["public"]["Enums"]["unbilled_state"];
          "p_user_id": string;
        };
        Returns: Database["public"]["CompositeTypes"]["unbilled_usage"][];
        SetofOptions: {
          from: "*";
          to: "unbilled_usage";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "list_unpaid_accounts": {
        Args: { "p_after": string; "p_limit": number };
        Returns: {
          "accounts": Json;
          "next_id": string;
        }[];
      };
      "list_unrecorded_events": {
        Args: { "p_event_ids": (string)[] };
        Returns: {
          "event_id": string;
        }[];
      };
      "list_unsent_usage": {
        Args: { "p_customer_id": string };
        Returns: Database["public"]["CompositeTypes"]["unsent_usage"][];
        SetofOptions: {
          from: "*";
          to: "unsent_usage";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "mark_read": {
        Args: {
          "p_as_unread": boolean;
          "p_own_number": string;
          "p_peer_number": string;
          "p_until": string;
          "p_user_id": string;
        };
        Returns: {
          "outcome": Database["public"]["Enums"]["mark_read_outcome"];
          "unread": number;
          "unread_conversations": number;
        }[];
      };
      "message_media": {
        Args: {
          "p_action": string;
          "p_address": string;
          "p_address_rate": number;
          "p_index": number;
          "p_message_id": string;
          "p_user_id": string;
          "p_user_rate": number;
          "p_window_seconds": number;
        };
        Returns: {
          "account_sid": string;
          "media_type": string;
          "media_url": string;
          "message_sid": string;
          "outcome": Database["public"]["Enums"]["message_media_outcome"];
          "received_at": string;
          "retry_after_seconds": number;
          "sealed_token": string;
          "user_id": string;
        }[];
      };
      "message_of": {
        Args: { "p_message_id": string; "p_user_id": string };
        Returns: {
          "account_sid": string;
          "body": string | null;
          "campaign_id": string | null;
          "consent": Database["public"]["Enums"]["consent"] | null;
          "cost": number | null;
          "country": string | null;
          "created_at": string;
          "direction": Database["public"]["Enums"]["message_direction"];
          "encoding": Database["public"]["Enums"]["message_encoding"] | null;
          "error_code": number | null;
          "error_message": string | null;
          "estimated_price": number;
          "from_number": string;
          "has_media": boolean;
          "id": string;
          "idempotency_key": string | null;
          "kind": Database["public"]["Enums"]["usage_kind"];
          "looked_at": string | null;
          "markup": number;
          "media_types": (string)[];
          "media_urls": (string)[];
          "num_segments": number | null;
          "own_number": string;
          "peer_number": string;
          "plan_key": string | null;
          "price": number | null;
          "price_is_foreign": boolean;
          "price_unit": string | null;
          "redacted_at": string | null;
          "redaction_requested_at": string | null;
          "request_hash": string | null;
          "sent_at": string | null;
          "source": Database["public"]["Enums"]["message_source"];
          "status": Database["public"]["Enums"]["message_status"];
          "status_updated_at": string;
          "tenant_price": number | null;
          "to_number": string;
          "twilio_message_sid": string | null;
          "user_id": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "sms_messages";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "messages_to_redact": {
        Args: { "p_limit": number; "p_user_id": string };
        Returns: Database["public"]["CompositeTypes"]["message_to_redact"][];
        SetofOptions: {
          from: "*";
          to: "message_to_redact";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "missing_exchange_rates": {
        Args: Record<PropertyKey, never>;
        Returns: Database["public"]["CompositeTypes"]["missing_exchange_rate"][];
        SetofOptions: {
          from: "*";
          to: "missing_exchange_rate";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "move_job_to_dead_letters": {
        Args: { "p_error": string; "p_job_id": number; "p_lane": Database["public"]["Enums"]["job_lane"] };
        Returns: Database["public"]["Enums"]["move_job_outcome"];
      };
      "needs_metered_items": {
        Args: { "p_subscription_id": string };
        Returns: Database["public"]["Enums"]["needs_metered_items_outcome"];
      };
      "next_invoice_of": {
        Args: { "p_user_id": string };
        Returns: {
          "currency": string;
          "customer_id": string;
          "ends_at": string;
          "is_trial": boolean;
          "kinds": Json;
          "outcome": Database["public"]["Enums"]["next_invoice_outcome"];
          "starts_at": string;
          "subscription_id": string;
        }[];
      };
      "next_stripe_read": { Args: Record<PropertyKey, never>; Returns: number };
      "note_create_attempt": {
        Args: { "p_fence": number; "p_max_per_day"?: number; "p_max_subaccounts": number; "p_user_id": string };
        Returns: Database["public"]["Enums"]["create_attempt"];
      };
      "note_deleted_customer": { Args: { "p_customer_id": string }; Returns: boolean };
      "note_flush": { Args: { "p_starts_at": string; "p_subscription_id": string }; Returns: boolean };
      "note_leaving_begun": {
        Args: { "p_fence": number; "p_user_id": string };
        Returns: Database["public"]["Enums"]["fenced_write"];
      };
      "note_leaving_step": {
        Args: {
          "p_fence": number;
          "p_phone_sid": string;
          "p_step": Database["public"]["Enums"]["leaving_step"];
          "p_user_id": string;
        };
        Returns: Database["public"]["Enums"]["leaving_note"];
      };
      "note_meter_errors": {
        Args: {
          "p_codes": (string)[];
          "p_from": string;
          "p_is_meter_missing": boolean;
          "p_kind": Database["public"]["Enums"]["usage_kind"];
          "p_samples": (string)[];
          "p_until": string;
        };
        Returns: number;
      };
      "note_metering_problem": {
        Args: { "p_details": Json; "p_subscription_id": string };
        Returns: Database["public"]["Enums"]["note_metering_problem_outcome"];
      };
      "note_sealing_ring": {
        Args: { "p_current_key": string; "p_key_ids": (string)[] };
        Returns: Database["public"]["Enums"]["sealing_ring_note"];
      };
      "note_status_intent": {
        Args: {
          "p_fence": number;
          "p_status": Database["public"]["Enums"]["twilio_account_status"];
          "p_user_id": string;
        };
        Returns: Database["public"]["Enums"]["fenced_write"];
      };
      "notice_of": {
        Args: { "p_notice_id": string; "p_user_id": string };
        Returns: {
          "details": NonNullable<Json>;
          "id": string;
          "kind": Database["public"]["Enums"]["notice_kind"];
          "raised_at": string;
          "subject": string;
          "user_id": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "tenant_notices";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "number_to_change": {
        Args: { "p_number_id": string; "p_user_id": string };
        Returns: {
          "number": Json;
          "outcome": Database["public"]["Enums"]["number_to_change_outcome"];
          "sealed_token": string;
          "subaccount_sid": string;
        }[];
      };
      "number_to_move": {
        Args: { "p_phone_number": string; "p_user_id": string };
        Returns: {
          "outcome": Database["public"]["Enums"]["number_to_move_outcome"];
          "subaccount_sid": string;
        }[];
      };
      "numbers_overview": {
        Args: { "p_user_id": string };
        Returns: {
          "compared_at": string;
          "daily_left": number;
          "daily_limit": number;
          "daily_resets_at": string;
          "held": number;
          "highest_price": number;
          "in_progress": Json;
          "included_numbers": number;
          "max_numbers": number;
          "monthly_left": number;
          "monthly_limit": number;
          "monthly_resets_at": string;
          "scheduled": Json;
          "spend_left": number;
          "spend_limit": number;
          "spend_resets_at": string;
        }[];
      };
      "numbers_to_price": {
        Args: { "p_limit": number };
        Returns: {
          "number_id": string;
          "phone_number": string;
        }[];
      };
      "offer_forward_webhook": {
        Args: { "p_request_id": string; "p_sealed_secret": string; "p_url": string; "p_user_id": string };
        Returns: {
          "created_at": string;
          "outcome": Database["public"]["Enums"]["offer_forward_webhook_outcome"];
        }[];
      };
      "offer_number": {
        Args: {
          "p_is_offered": boolean;
          "p_operator_id": string;
          "p_phone_number": string;
          "p_reason": string;
          "p_request_id": string;
        };
        Returns: Database["public"]["Enums"]["offer_number_outcome"];
      };
      "offered_master_numbers": {
        Args: Record<PropertyKey, never>;
        Returns: {
          "phone_sid": string;
        }[];
      };
      "parked_numbers_to_do": {
        Args: { "p_since": string; "p_user_id": string };
        Returns: {
          "account_sid": string;
          "address_sid": string;
          "bundle_sid": string;
          "phone_sid": string;
          "todo": Database["public"]["Enums"]["parked_number_todo"];
        }[];
      };
      "pause_campaign": {
        Args: {
          "p_campaign_id": string;
          "p_error_code"?: number;
          "p_reason": Database["public"]["Enums"]["campaign_status_reason"];
          "p_user_id": string;
        };
        Returns: Database["public"]["Enums"]["pause_campaign_outcome"];
      };
      "pause_campaign_of": {
        Args: {
          "p_account_sid": string;
          "p_error_code": number;
          "p_reason": Database["public"]["Enums"]["campaign_status_reason"];
          "p_twilio_message_sid": string;
        };
        Returns: Database["public"]["Enums"]["pause_campaign_outcome"];
      };
      "pending_forward_webhook_of": {
        Args: { "p_user_id": string };
        Returns: {
          "created_at": string;
          "id": string;
          "outcome": Database["public"]["Enums"]["pending_forward_webhook_status"];
          "sealed_secret": string;
          "url": string;
        }[];
      };
      "preview_campaign": {
        Args: {
          "p_before_messages": number;
          "p_before_price": number;
          "p_before_reached": Database["public"]["Enums"]["campaign_status_reason"];
          "p_body": string;
          "p_countries": (string)[];
          "p_from": string;
          "p_media_urls": (string)[];
          "p_recipients": Json;
          "p_scheduled_at": string;
          "p_send_window"?: Json;
          "p_total": number;
          "p_user_id": string;
        };
        Returns: {
          "counts": Json;
          "currency": string;
          "from_number": string;
          "never_open": (string)[];
          "outcome": Database["public"]["Enums"]["preview_campaign_outcome"];
          "reached": Database["public"]["Enums"]["campaign_status_reason"];
          "recipients_left": number;
          "windows": Json;
        }[];
      };
      "price_for_tenant": { Args: { "p_cost": number; "p_user_id": string }; Returns: number };
      "provision_tenant": {
        Args: {
          "p_email": string;
          "p_operator_id": string;
          "p_reason": string;
          "p_request_id": string;
          "p_user_id": string;
        };
        Returns: {
          "outcome": Database["public"]["Enums"]["provision_outcome"];
          "user_id": string;
        }[];
      };
      "purge_expired": {
        Args: { "p_limit": number };
        Returns: {
          "audit_details": number;
          "billing_rows": number;
          "cron_runs": number;
          "event_payloads": number;
          "forward_deliveries": number;
          "master_consents": number;
          "messages": number;
          "number_purchases": number;
          "settled_alerts": number;
          "tenant_notices": number;
          "totals": number;
          "usage": number;
        }[];
      };
      "rate_usage": { Args: { "p_is_final"?: boolean; "p_user_id": string }; Returns: number };
      "reconcile_due_days": { Args: { "p_limit": number }; Returns: number };
      "record_alert_delivery": { Args: { "p_alert_id": string }; Returns: boolean };
      "record_campaign_batch": {
        Args: { "p_campaign_id": string; "p_results": Json; "p_user_id": string };
        Returns: number;
      };
      "record_cancellation": {
        Args: { "p_ended_at": string; "p_fence": number; "p_is_flushed": boolean; "p_subscription_id": string };
        Returns: Database["public"]["Enums"]["record_cancellation_outcome"];
      };
      "record_checkout": {
        Args: { "p_attempt_id": string; "p_session_id": string; "p_user_id": string };
        Returns: Database["public"]["Enums"]["record_checkout_outcome"];
      };
      "record_convergence_action": {
        Args: {
          "p_action": string;
          "p_details"?: Json;
          "p_fence": number;
          "p_request_id": string;
          "p_subaccount_sid": string;
          "p_user_id": string;
        };
        Returns: Database["public"]["Enums"]["fenced_write"];
      };
      "record_final_reading": {
        Args: { "p_subscription_id": string };
        Returns: Database["public"]["Enums"]["record_final_reading_outcome"];
      };
      "record_forward_attempt": {
        Args: {
          "p_duration_ms": number;
          "p_event_id": string;
          "p_failure": Database["public"]["Enums"]["forward_failure"];
          "p_http_status": number;
          "p_next_seconds": number;
          "p_status": Database["public"]["Enums"]["forward_delivery_status"];
          "p_user_id": string;
        };
        Returns: Database["public"]["Enums"]["forward_delivery_status"];
      };
      "record_inbound_message": {
        Args: {
          "p_account_sid": string;
          "p_body": string;
          "p_consent": Database["public"]["Enums"]["consent"];
          "p_country": string;
          "p_from": string;
          "p_keyword": string;
          "p_media_types": (string)[];
          "p_media_urls": (string)[];
          "p_num_segments": number;
          "p_to": string;
          "p_twilio_message_sid": string;
          "p_user_id": string;
        };
        Returns: {
          "answered_sid": string;
          "outcome": Database["public"]["Enums"]["inbound_outcome"];
          "reply": string;
          "reply_id": string;
          "start_sid": string;
          "stop_sids": (string)[];
        }[];
      };
      "record_invoice": {
        Args: { "p_invoice": Json; "p_problem"?: string; "p_read_number": number };
        Returns: Database["public"]["Enums"]["record_invoice_outcome"];
      };
      "record_leaving_step": {
        Args: {
          "p_account_sid": string;
          "p_fence": number;
          "p_phone_sid": string;
          "p_place": Database["public"]["Enums"]["number_place"];
          "p_reason": string;
          "p_request_id": string;
          "p_user_id": string;
        };
        Returns: Database["public"]["Enums"]["fenced_write"];
      };
      "record_list_price": {
        Args: { "p_monthly_price": number; "p_number_id": string; "p_price_unit": string };
        Returns: boolean;
      };
      "record_listed_prices": { Args: { "p_price_unit"?: string; "p_prices": Json }; Returns: number };
      "record_master_consent": {
        Args: {
          "p_consent": Database["public"]["Enums"]["consent"];
          "p_from": string;
          "p_keyword": string;
          "p_message_sid": string;
          "p_to": string;
        };
        Returns: {
          "outcome": Database["public"]["Enums"]["master_consent_outcome"];
          "start_sid": string;
          "stop_sids": (string)[];
        }[];
      };
      "record_message_reports": {
        Args: { "p_account_sid": string; "p_reports": Json };
        Returns: {
          "moved": number;
          "priced": number;
        }[];
      };
      "record_message_status": {
        Args: {
          "p_account_sid": string;
          "p_error_code": number;
          "p_error_message": string;
          "p_message_id": string;
          "p_num_segments"?: number;
          "p_price"?: number;
          "p_price_unit"?: string;
          "p_sent_at"?: string;
          "p_status": string;
          "p_twilio_message_sid": string;
          "p_user_id": string;
        };
        Returns: {
          "outcome": Database["public"]["Enums"]["evidence_outcome"];
          "priced": boolean;
          "status": Database["public"]["Enums"]["message_status"];
        }[];
      };
      "record_message_statuses": {
        Args: { "p_reports": Json };
        Returns: Database["public"]["CompositeTypes"]["recorded_status"][];
        SetofOptions: {
          from: "*";
          to: "recorded_status";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "record_meters": { Args: { "p_meters": Json }; Returns: number };
      "record_number": {
        Args: {
          "p_capabilities": Json;
          "p_friendly_name": string;
          "p_number_id": string;
          "p_phone_sid": string;
          "p_request_id": string;
        };
        Returns: {
          "number": Json;
          "outcome": Database["public"]["Enums"]["record_outcome"];
        }[];
      };
      "record_number_move": {
        Args: {
          "p_account_sid": string;
          "p_number": Json;
          "p_operator_id": string;
          "p_reason": string;
          "p_request_id": string;
          "p_to": Database["public"]["Enums"]["move_target"];
          "p_user_id": string;
        };
        Returns: {
          "number": Json;
          "outcome": Database["public"]["Enums"]["record_number_move_outcome"];
        }[];
      };
      "record_number_name": {
        Args: { "p_friendly_name": string; "p_number_id": string; "p_request_id": string };
        Returns: {
          "number": Json;
          "outcome": Database["public"]["Enums"]["record_number_name_outcome"];
        }[];
      };
      "record_number_release": {
        Args: { "p_number_id": string; "p_request_id": string };
        Returns: {
          "number": Json;
          "outcome": Database["public"]["Enums"]["record_outcome"];
          "primary_number": Json;
        }[];
      };
      "record_number_sync": {
        Args: {
          "p_account_sid": string;
          "p_actor": string;
          "p_changes": Json;
          "p_read_at": string;
          "p_request_id": string;
          "p_user_id": string;
        };
        Returns: {
          "outcome": Database["public"]["Enums"]["record_number_sync_outcome"];
          "phone_number": string;
          "phone_sid": string;
        }[];
      };
      "record_payment_move": {
        Args: { "p_charge_id": string; "p_customer_id": string; "p_details": Json };
        Returns: Database["public"]["Enums"]["record_payment_move_outcome"];
      };
      "record_primary_token": {
        Args: {
          "p_fence": number;
          "p_keep_previous_seconds": number;
          "p_request_id": string;
          "p_sealed_token": string;
          "p_subaccount_sid": string;
          "p_user_id": string;
        };
        Returns: Database["public"]["Enums"]["token_record"];
      };
      "record_redaction": { Args: { "p_message_ids": (string)[] }; Returns: number };
      "record_sale_prices": { Args: { "p_prices": Json }; Returns: number };
      "record_secondary_token": {
        Args: {
          "p_fence": number;
          "p_request_id": string;
          "p_sealed_next": string;
          "p_subaccount_sid": string;
          "p_user_id": string;
        };
        Returns: Database["public"]["Enums"]["token_record"];
      };
      "record_stripe_customer": {
        Args: { "p_customer_id": string; "p_user_id": string };
        Returns: {
          "customer_id": string;
          "outcome": Database["public"]["Enums"]["record_stripe_customer_outcome"];
        }[];
      };
      "record_stripe_event": {
        Args: { "p_event_id": string; "p_occurred_at": string; "p_payload": Json; "p_type": string };
        Returns: Database["public"]["Enums"]["record_stripe_event_outcome"];
      };
      "record_subaccount": {
        Args: {
          "p_action": string;
          "p_applied_status": Database["public"]["Enums"]["twilio_account_status"];
          "p_created_at": string;
          "p_details"?: Json;
          "p_fence": number;
          "p_friendly_name": string;
          "p_request_id": string;
          "p_sealed_token": string;
          "p_status": Database["public"]["Enums"]["twilio_account_status"];
          "p_subaccount_sid": string;
          "p_user_id": string;
        };
        Returns: Database["public"]["Enums"]["fenced_write"];
      };
      "record_subscription": {
        Args: {
          "p_cancel_at": string;
          "p_created_at": string;
          "p_currency"?: string;
          "p_customer_id": string;
          "p_ended_at": string;
          "p_first_payment_pending": boolean;
          "p_named_user_id": string;
          "p_origin": Database["public"]["Enums"]["subscription_origin"];
          "p_prices": Json;
          "p_read_number": number;
          "p_status": Database["public"]["Enums"]["subscription_status"];
          "p_subscription_id": string;
          "p_trial_end"?: string;
          "p_user_id": string;
        };
        Returns: {
          "outcome": Database["public"]["Enums"]["record_subscription_outcome"];
          "user_id": string;
        }[];
      };
      "record_sweep_page": {
        Args: { "p_accounts": Json; "p_next_page_url": string; "p_sweep_id": number };
        Returns: {
          "accounts": number;
          "mismatches": number;
          "strangers": number;
        }[];
      };
      "record_usage": {
        Args: {
          "p_account_sid": string;
          "p_fence": number;
          "p_from": string;
          "p_records": Json;
          "p_through": string;
          "p_until": string;
        };
        Returns: Database["public"]["Enums"]["record_usage_outcome"];
      };
      "record_usage_callback": {
        Args: {
          "p_account_sid": string;
          "p_current_value": number;
          "p_fired_at": string;
          "p_token": string;
          "p_trigger_sid": string;
          "p_user_id": string;
        };
        Returns: Database["public"]["Enums"]["usage_firing_outcome"];
      };
      "record_usage_trigger": {
        Args: {
          "p_account_sid": string;
          "p_fence": number;
          "p_fired": Json;
          "p_trigger_sid": string;
          "p_trigger_value": number;
          "p_user_id": string;
        };
        Returns: Database["public"]["Enums"]["fenced_write"];
      };
      "release_message": {
        Args: { "p_message_id": string };
        Returns: Database["public"]["Enums"]["release_message_outcome"];
      };
      "remove_forward_webhook": {
        Args: { "p_request_id": string; "p_user_id": string };
        Returns: Database["public"]["Enums"]["remove_forward_webhook_outcome"];
      };
      "renew_lease": {
        Args: { "p_fence": number; "p_user_id": string };
        Returns: Database["public"]["Enums"]["fenced_write"];
      };
      "renew_usage_trigger_lease": {
        Args: { "p_fence": number; "p_lease_seconds": number; "p_user_id": string };
        Returns: Database["public"]["Enums"]["fenced_write"];
      };
      "replace_master_numbers": { Args: { "p_numbers": Json }; Returns: number };
      "replay_dead_letters": {
        Args: { "p_letter_ids": (number)[]; "p_operator_id": string; "p_reason": string; "p_request_id": string };
        Returns: number;
      };
      "replay_forward_delivery": {
        Args: { "p_id": string; "p_request_id": string; "p_user_id": string };
        Returns: {
          "delivery": Json;
          "outcome": Database["public"]["Enums"]["replay_forward_delivery_outcome"];
        }[];
      };
      "replay_stripe_event": {
        Args: { "p_event_id": string; "p_operator_id": string; "p_reason": string; "p_request_id": string };
        Returns: Database["public"]["Enums"]["replay_stripe_event_outcome"];
      };
      "report_account_trouble": { Args: { "p_user_id": string }; Returns: number };
      "report_inactive_master": { Args: { "p_account_sid": string }; Returns: boolean };
      "report_moved_number": { Args: { "p_phone_sid": string; "p_user_id": string }; Returns: boolean };
      "report_sender_trouble": { Args: { "p_user_id": string }; Returns: string };
      "request_cancellation": {
        Args: {
          "p_ends": Database["public"]["Enums"]["cancellation_time"];
          "p_operator_id": string;
          "p_prorate": boolean;
          "p_reason": string;
          "p_request_id": string;
          "p_subscription_id": string;
          "p_user_id": string;
        };
        Returns: {
          "outcome": Database["public"]["Enums"]["cancellation_request"];
          "subscription_id": string;
        }[];
      };
      "request_redaction": {
        Args: { "p_message_id": string; "p_request_id": string; "p_user_id": string };
        Returns: {
          "message": Json;
          "outcome": Database["public"]["Enums"]["redaction_outcome"];
        }[];
      };
      "request_sealing_key_rotation": {
        Args: { "p_operator_id": string; "p_reason": string; "p_request_id": string };
        Returns: number;
      };
      "request_subaccount": {
        Args: { "p_open_to_anyone": boolean; "p_request_id": string; "p_user_id": string };
        Returns: {
          "friendly_name": string;
          "outcome": Database["public"]["Enums"]["subaccount_request"];
          "subaccount_sid": string;
        }[];
      };
      "request_sweep": {
        Args: { "p_operator_id": string; "p_reason": string; "p_request_id": string };
        Returns: Database["public"]["Enums"]["operator_request"];
      };
      "request_tenant_sync": {
        Args: { "p_operator_id": string; "p_reason": string; "p_request_id": string; "p_user_id": string };
        Returns: Database["public"]["Enums"]["show_tenant_outcome"];
      };
      "request_token_rotation": {
        Args: { "p_operator_id": string; "p_reason": string; "p_request_id": string; "p_user_id": string };
        Returns: {
          "outcome": Database["public"]["Enums"]["token_rotation_request"];
          "subaccount_sid": string;
        }[];
      };
      "reseal_tokens": {
        Args: { "p_current_key": string; "p_tokens": Json };
        Returns: {
          "changed": number;
          "resealed": number;
        }[];
      };
      "reserve_campaign_batch": {
        Args: { "p_campaign_id": string; "p_limit": number; "p_run": number; "p_user_id": string };
        Returns: {
          "account_sid": string;
          "from_number": string;
          "media_urls": (string)[];
          "messages": Json;
          "outcome": Database["public"]["Enums"]["reserve_batch_outcome"];
          "sealed_token": string;
          "wait_ms": number;
        }[];
      };
      "reserve_fee": {
        Args: {
          "p_cost": number;
          "p_key": string;
          "p_kind": Database["public"]["Enums"]["fee_kind"];
          "p_user_id": string;
        };
        Returns: {
          "outcome": Database["public"]["Enums"]["reserve_fee_outcome"];
          "spending": Json;
        }[];
      };
      "reserve_message": {
        Args: {
          "p_address"?: string;
          "p_address_rate"?: number;
          "p_body": string;
          "p_country": string;
          "p_encoding": Database["public"]["Enums"]["message_encoding"];
          "p_fallback": boolean;
          "p_from": string;
          "p_idempotency_key": string;
          "p_master_account_sid": string;
          "p_media_urls": (string)[];
          "p_request_hash": string;
          "p_segments": number;
          "p_to": string;
          "p_user_id": string;
          "p_user_rate"?: number;
        };
        Returns: {
          "from_number": string;
          "message": Json;
          "message_limit": number;
          "outcome": Database["public"]["Enums"]["reserve_message_outcome"];
          "retry_after_seconds": number;
          "sealed_token": string;
          "spending": Json;
        }[];
      };
      "reserve_number": {
        Args: {
          "p_address"?: string;
          "p_address_rate"?: number;
          "p_friendly_name": string;
          "p_monthly_price": number;
          "p_phone_number": string;
          "p_user_id": string;
          "p_user_rate"?: number;
        };
        Returns: {
          "number_id": string;
          "outcome": Database["public"]["Enums"]["reserve_number_outcome"];
          "price": number;
          "purchase_limit": number;
          "resets_at": string;
          "retry_after_seconds": number;
          "sealed_token": string;
          "spending": Json;
          "subaccount_sid": string;
        }[];
      };
      "retry_campaign": {
        Args: {
          "p_address": string;
          "p_address_rate": number;
          "p_campaign_id": string;
          "p_idempotency_key": string;
          "p_request_id": string;
          "p_user_id": string;
          "p_user_rate": number;
        };
        Returns: {
          "campaign": Json;
          "never_open": (string)[];
          "outcome": Database["public"]["Enums"]["retry_campaign_outcome"];
          "recipients": number;
          "recipients_left": number;
          "retry_after_seconds": number;
        }[];
      };
      "retry_job": {
        Args: {
          "p_delay_seconds": number;
          "p_error": string;
          "p_job_id": number;
          "p_lane": Database["public"]["Enums"]["job_lane"];
        };
        Returns: Database["public"]["Enums"]["retry_job_outcome"];
      };
      "save_contacts": {
        Args: { "p_contacts": Json; "p_kept_at_most"?: number; "p_user_id": string };
        Returns: {
          "added": number;
          "contact": Json;
          "outcome": Database["public"]["Enums"]["save_contacts_outcome"];
          "over_limit": (number)[];
          "unchanged": number;
          "updated": number;
        }[];
      };
      "save_messaging_settings": {
        Args: {
          "p_allowed_countries": (string)[];
          "p_help_reply": string;
          "p_retention_days": number;
          "p_start_reply": string;
          "p_stop_reply": string;
          "p_user_id": string;
          "p_version"?: number;
        };
        Returns: {
          "outcome": Database["public"]["Enums"]["save_settings_outcome"];
          "version": number;
        }[];
      };
      "sealing_keys_in_use": {
        Args: Record<PropertyKey, never>;
        Returns: {
          "key_id": string;
          "tokens": number;
        }[];
      };
      "set_carrier_fee": {
        Args: {
          "p_channel": string;
          "p_country": string;
          "p_fee": number;
          "p_operator_id": string;
          "p_reason": string;
          "p_request_id": string;
          "p_valid_from": string;
        };
        Returns: Database["public"]["Enums"]["set_carrier_fee_outcome"];
      };
      "set_exchange_rate": {
        Args: {
          "p_currency": string;
          "p_operator_id": string;
          "p_rate": number;
          "p_reason": string;
          "p_request_id": string;
          "p_unit": string;
          "p_valid_from": string;
        };
        Returns: Database["public"]["Enums"]["set_exchange_rate_outcome"];
      };
      "set_number_send_rate": {
        Args: {
          "p_operator_id": string;
          "p_per_second": number;
          "p_phone_number": string;
          "p_reason": string;
          "p_request_id": string;
        };
        Returns: {
          "outcome": Database["public"]["Enums"]["set_number_send_rate_outcome"];
          "user_id": string;
        }[];
      };
      "set_plan_limits": {
        Args: {
          "p_changes_sold": boolean;
          "p_limits": Json;
          "p_operator_id": string;
          "p_plan_key": string;
          "p_reason": string;
          "p_request_id": string;
          "p_stripe_price_id": string;
        };
        Returns: {
          "outcome": Database["public"]["Enums"]["set_plan_limits_outcome"];
          "plan_key": string;
        }[];
      };
      "set_primary_number": {
        Args: { "p_number_id": string; "p_request_id": string; "p_user_id": string };
        Returns: {
          "number": Json;
          "outcome": Database["public"]["Enums"]["set_primary_number_outcome"];
        }[];
      };
      "set_tenant_limits": {
        Args: {
          "p_limits": Json;
          "p_operator_id": string;
          "p_reason": string;
          "p_request_id": string;
          "p_user_id": string;
          "p_valid_until": string;
        };
        Returns: Database["public"]["Enums"]["set_tenant_limits_outcome"];
      };
      "settle_cancellation": {
        Args: { "p_number": number; "p_subscription_id": string };
        Returns: Database["public"]["Enums"]["settle_cancellation_outcome"];
      };
      "settle_comparison": {
        Args: { "p_counts": Json; "p_customer_id": string; "p_fence": number };
        Returns: Database["public"]["Enums"]["settle_comparison_outcome"];
      };
      "settle_final_charge": {
        Args: { "p_charge_id": string; "p_documents": Json; "p_is_customer_gone": boolean };
        Returns: Database["public"]["Enums"]["settle_final_charge_outcome"];
      };
      "settle_metering": {
        Args: { "p_customer_id": string; "p_fence": number; "p_lease_seconds": number; "p_reports": Json };
        Returns: Database["public"]["Enums"]["settle_metering_outcome"];
      };
      "settle_stripe_event": {
        Args: {
          "p_event_id": string;
          "p_reason"?: Database["public"]["Enums"]["ignored_event_reason"];
          "p_result": Database["public"]["Enums"]["event_result"];
        };
        Returns: Database["public"]["Enums"]["settle_stripe_event_outcome"];
      };
      "show_statement": {
        Args: { "p_statement_id": string; "p_user_id": string };
        Returns: {
          "outcome": Database["public"]["Enums"]["show_statement_outcome"];
          "parts": Json;
          "statement": Json;
        }[];
      };
      "show_tenant": {
        Args: { "p_user_id": string };
        Returns: {
          "alerts": Json;
          "outcome": Database["public"]["Enums"]["show_tenant_outcome"];
          "parts": Json;
          "tenant": Json;
        }[];
      };
      "stale_number_releases": {
        Args: { "p_limit": number; "p_older_than_seconds": number };
        Returns: {
          "account_sid": string | null;
          "capabilities": NonNullable<Json>;
          "created_at": string;
          "friendly_name": string | null;
          "id": string;
          "is_held": boolean;
          "is_primary": boolean;
          "messages_per_second": number;
          "phone_number": string;
          "phone_sid": string | null;
          "purchased_at": string | null;
          "status": string;
          "updated_at": string;
          "user_id": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "user_twilio_numbers";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "stale_number_reservations": {
        Args: { "p_limit": number; "p_older_than_seconds": number };
        Returns: {
          "account_sid": string | null;
          "capabilities": NonNullable<Json>;
          "created_at": string;
          "friendly_name": string | null;
          "id": string;
          "is_held": boolean;
          "is_primary": boolean;
          "messages_per_second": number;
          "phone_number": string;
          "phone_sid": string | null;
          "purchased_at": string | null;
          "status": string;
          "updated_at": string;
          "user_id": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "user_twilio_numbers";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "start_to_settle": {
        Args: { "p_start_sid": string; "p_user_id": string };
        Returns: {
          "own_number": string;
          "peer_number": string;
          "stop_sids": (string)[];
        }[];
      };
      "subaccount_of": {
        Args: { "p_user_id": string };
        Returns: {
          "outcome": Database["public"]["Enums"]["account_status"];
          "sealed_token": string;
          "subaccount_sid": string;
        }[];
      };
      "tokens_of": {
        Args: { "p_user_id": string };
        Returns: {
          "outcome": Database["public"]["Enums"]["account_status"];
          "previous_until": string;
          "sealed_next": string;
          "sealed_previous": string;
          "sealed_token": string;
          "subaccount_sid": string;
        }[];
      };
      "tokens_to_reseal": {
        Args: {
          "p_after_slot": Database["public"]["Enums"]["sealed_slot"];
          "p_after_user_id": string;
          "p_current_key": string;
          "p_key_ids": (string)[];
          "p_limit": number;
        };
        Returns: Database["public"]["CompositeTypes"]["sealed_text"][];
        SetofOptions: {
          from: "*";
          to: "sealed_text";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "unfinished_messages": {
        Args: { "p_accounts": number; "p_limit": number };
        Returns: Database["public"]["CompositeTypes"]["unfinished_account"][];
        SetofOptions: {
          from: "*";
          to: "unfinished_account";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "unmetered_subscriptions": {
        Args: { "p_limit": number };
        Returns: {
          "subscription_ids": (string)[];
          "total": number;
        }[];
      };
      "unpaid_account_total": { Args: Record<PropertyKey, never>; Returns: Json };
      "unsettled_messages": {
        Args: { "p_limit": number; "p_older_than_seconds": number };
        Returns: {
          "account_sid": string;
          "body": string | null;
          "campaign_id": string | null;
          "consent": Database["public"]["Enums"]["consent"] | null;
          "cost": number | null;
          "country": string | null;
          "created_at": string;
          "direction": Database["public"]["Enums"]["message_direction"];
          "encoding": Database["public"]["Enums"]["message_encoding"] | null;
          "error_code": number | null;
          "error_message": string | null;
          "estimated_price": number;
          "from_number": string;
          "has_media": boolean;
          "id": string;
          "idempotency_key": string | null;
          "kind": Database["public"]["Enums"]["usage_kind"];
          "looked_at": string | null;
          "markup": number;
          "media_types": (string)[];
          "media_urls": (string)[];
          "num_segments": number | null;
          "own_number": string;
          "peer_number": string;
          "plan_key": string | null;
          "price": number | null;
          "price_is_foreign": boolean;
          "price_unit": string | null;
          "redacted_at": string | null;
          "redaction_requested_at": string | null;
          "request_hash": string | null;
          "sent_at": string | null;
          "source": Database["public"]["Enums"]["message_source"];
          "status": Database["public"]["Enums"]["message_status"];
          "status_updated_at": string;
          "tenant_price": number | null;
          "to_number": string;
          "twilio_message_sid": string | null;
          "user_id": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "sms_messages";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "usage_sync_state": {
        Args: Record<PropertyKey, never>;
        Returns: {
          "dead_letters": number;
          "due": number;
          "oldest_due_at": string;
          "oldest_unread_day": string;
          "retrying": number;
        }[];
      };
      "waits_for_redaction": { Args: { "p_user_id": string }; Returns: boolean };
      "withdraw_create_attempt": {
        Args: { "p_fence": number; "p_user_id": string };
        Returns: Database["public"]["Enums"]["fenced_write"];
      };
    };
    Enums: {
      "account_status": "none" | "pending" | "active" | "suspended" | "closed";
      "acknowledge_alert_outcome": "acknowledged" | "already" | "settled" | "not_found";
      "add_opt_outs_outcome": "added" | "limit_reached" | "unknown_user";
      "alert_change": "acknowledged" | "settled";
      "alert_delivery": "pending" | "acknowledged" | "settled" | "not_found";
      "alert_kind":
        | "dead_letter"
        | "unknown_price"
        | "subscription_without_tenant"
        | "campaign_paused"
        | "master_account_inactive"
        | "reconciliation"
        | "usage_trigger"
        | "unpaid_account"
        | "exchange_rate"
        | "metering"
        | "meter_rejection"
        | "invoice_difference"
        | "invoice_grace"
        | "payment_moved"
        | "credit_owed";
      "alert_state": "open" | "unacknowledged" | "acknowledged" | "settled" | "all";
      "begin_cancellation_outcome": "carry_out" | "nothing";
      "begin_checkout_outcome":
        | "create"
        | "open"
        | "subscription_exists"
        | "unknown_plan"
        | "not_for_sale"
        | "unknown_user"
        | "tenant_closed";
      "begin_comparison_outcome": "leased" | "idle" | "busy" | "unknown_customer";
      "begin_metering_outcome": "leased" | "idle" | "busy" | "fenced" | "unknown_customer";
      "begin_number_release_outcome":
        | "begun"
        | "releasing"
        | "released"
        | "unconfirmed"
        | "purchasing"
        | "not_found"
        | "none"
        | "pending"
        | "suspended"
        | "closed";
      "begin_plan_change_outcome":
        | "change"
        | "no_subscription"
        | "not_active"
        | "unknown_plan"
        | "not_for_sale"
        | "unknown_user"
        | "tenant_closed";
      "begin_stripe_event_outcome": "pending" | "processed" | "not_found";
      "begin_usage_sync_outcome": "read" | "unknown_account";
      "billing_customer_outcome": "found" | "none";
      "campaign_change": "pause" | "resume" | "cancel";
      "campaign_count": "waiting" | "in_flight" | "sent" | "delivered" | "failed" | "unknown" | "skipped";
      "campaign_status": "scheduled" | "running" | "paused" | "canceled" | "completed";
      "campaign_status_reason":
        | "daily_limit_reached"
        | "monthly_limit_reached"
        | "spend_limit_reached"
        | "outside_window"
        | "account_refused"
        | "sender_refused"
        | "twilio_refused"
        | "twilio_throttled"
        | "no_number"
        | "number_not_owned"
        | "number_not_capable"
        | "number_over_limit"
        | "no_subaccount"
        | "pending"
        | "suspended"
        | "closed";
      "cancel_outcome": "canceled" | "gone";
      "cancellation_request": "accepted" | "already_over" | "unknown_subscription" | "decided_by_operator";
      "cancellation_time": "now" | "period_end" | "never";
      "change_campaign_outcome": "changed" | "already" | "over" | "not_found";
      "change_forward_webhook_outcome": "changed" | "superseded";
      "changed_alert": "acknowledged" | "settled" | "not_found";
      "claim_subscription_outcome": "claimed" | "already" | "not_found" | "unconfirmed_email" | "other_email";
      "close_alert_outcome": "settled" | "already" | "not_found";
      "confirm_forward_webhook_outcome": "created" | "rotated" | "superseded";
      "consent": "stop" | "start" | "help";
      "convergence_end": "released" | "again" | "fenced";
      "create_attempt": "noted" | "limit_reached" | "fenced";
      "create_campaign_outcome":
        | "created"
        | "duplicate"
        | "key_conflict"
        | "rate_limited"
        | "scheduled_in_past"
        | "window_never_opens"
        | "too_many_recipients"
        | "no_number"
        | "number_not_owned"
        | "number_not_capable"
        | "number_over_limit"
        | "no_subaccount"
        | "pending"
        | "suspended"
        | "closed";
      "defer_job_outcome": "deferred" | "gone";
      "delete_contact_outcome": "deleted" | "unknown_contact";
      "disable_forward_webhook_outcome": "disabled" | "unchanged";
      "duplicate_outcome": "close" | "listed" | "fenced";
      "end_sweep_outcome": "continues" | "within" | "warning" | "critical";
      "erasure_outcome": "continues" | "done" | "user_exists";
      "event_result": "recorded" | "unlinked" | "superseded" | "ignored" | "nothing_to_record" | "requested";
      "evidence_outcome": "moved" | "unchanged" | "mismatch" | "not_found";
      "fee_kind": "number" | "registration" | "failed_message" | "other";
      "fenced_write": "written" | "fenced";
      "final_bill_step": "none" | "wait" | "read" | "invoice" | "credit";
      "forget_stripe_customer_outcome": "forgotten" | "already";
      "forward_delivery_status": "pending" | "delivered" | "failed" | "canceled";
      "forward_failure": "refused" | "no_response" | "not_public";
      "forward_webhook_status": "none" | "enabled" | "disabled";
      "ignored_event_reason": "type_not_handled" | "other_account" | "no_subscription" | "unknown_object" | "malformed";
      "inbound_outcome": "recorded" | "duplicate" | "unknown_user";
      "installation_verdict": "ok" | "warn" | "fail";
      "job_lane": "control" | "messages" | "campaigns" | "forwarding" | "usage" | "billing";
      "lease_cancellation_outcome": "leased" | "later";
      "lease_outcome": "leased" | "busy";
      "leaving_note": "noted" | "stopped" | "fenced";
      "leaving_numbers": "release" | "park";
      "leaving_outcome": "close" | "wait" | "listed" | "leave" | "stopped" | "fenced";
      "leaving_step": "release" | "park" | "return";
      "link_stripe_customer_outcome": "linked" | "unknown_user";
      "list_tenants_outcome": "listed" | "too_many_found";
      "mark_read_outcome": "marked" | "unknown_conversation";
      "master_consent_outcome": "recorded" | "duplicate" | "unknown_number";
      "message_direction": "inbound" | "outbound";
      "message_encoding": "GSM-7" | "UCS-2";
      "message_media_outcome": "own_account" | "master_account" | "gone" | "not_found" | "exceeded";
      "message_source": "subaccount" | "master";
      "message_status":
        | "reserved"
        | "unknown"
        | "not_sent"
        | "accepted"
        | "scheduled"
        | "queued"
        | "sending"
        | "sent"
        | "refused"
        | "failed"
        | "undelivered"
        | "canceled"
        | "delivered"
        | "read"
        | "receiving"
        | "received";
      "metering_outcome":
        | "accepted"
        | "unsent"
        | "unknown"
        | "refused"
        | "no_meter"
        | "too_early"
        | "customer_gone"
        | "compared";
      "metering_step": "send" | "compare";
      "move_job_outcome": "moved" | "gone";
      "move_target": "tenant" | "master";
      "needs_metered_items_outcome": "needed" | "surplus" | "other_tenant" | "not_needed";
      "next_invoice_outcome": "found" | "no_payer" | "not_found";
      "note_metering_problem_outcome": "raised" | "settled" | "not_own";
      "notice_kind": "usage.threshold" | "number.release_scheduled" | "number.sending_ends";
      "number_change": "appeared" | "bought" | "changed" | "released" | "repaired";
      "number_place": "tenant" | "master" | "nowhere";
      "number_to_change_outcome":
        | "changeable"
        | "not_found"
        | "purchasing"
        | "releasing"
        | "released"
        | "none"
        | "pending"
        | "suspended"
        | "closed";
      "number_to_move_outcome":
        | "movable"
        | "held"
        | "purchasing"
        | "releasing"
        | "unknown_user"
        | "none"
        | "pending"
        | "suspended"
        | "closed";
      "offer_forward_webhook_outcome": "offered" | "unknown_user";
      "offer_number_outcome": "changed" | "already" | "not_found";
      "operator_hold": "suspended" | "closed";
      "operator_request": "accepted" | "unknown_user";
      "opt_out_source": "received" | "reported" | "imported" | "manual";
      "parked_number_todo": "look" | "release" | "return";
      "pause_campaign_outcome": "paused" | "unchanged";
      "pending_forward_webhook_status": "none" | "pending";
      "preview_campaign_outcome":
        | "previewed"
        | "scheduled_in_past"
        | "window_never_opens"
        | "too_many_recipients"
        | "no_number"
        | "number_not_owned"
        | "number_not_capable"
        | "number_over_limit"
        | "no_subaccount"
        | "pending"
        | "suspended"
        | "closed";
      "preview_outcome": "sent" | "opted_out" | "destination_refused" | "outside_window" | "over_limit";
      "price_interval": "day" | "week" | "month" | "year";
      "provision_outcome": "accepted" | "unknown_user" | "ambiguous_email";
      "rate_limit_outcome": "allowed" | "exceeded";
      "record_cancellation_outcome": "recorded" | "not_own";
      "record_checkout_outcome": "recorded" | "replaced";
      "record_final_reading_outcome": "compared" | "already" | "not_final";
      "record_invoice_outcome": "recorded" | "superseded" | "unknown_customer";
      "record_number_move_outcome": "recorded" | "held" | "left_alone";
      "record_number_name_outcome": "recorded" | "gone";
      "record_number_sync_outcome": "appeared" | "changed" | "released" | "repaired" | "held" | "left_alone";
      "record_outcome": "recorded" | "already";
      "record_payment_move_outcome": "alerted" | "unknown_customer";
      "record_stripe_customer_outcome": "recorded" | "unknown_user";
      "record_stripe_event_outcome": "recorded" | "duplicate";
      "record_subscription_outcome": "recorded" | "unlinked" | "superseded";
      "record_usage_outcome": "recorded" | "continues" | "fenced";
      "redaction_outcome": "accepted" | "already" | "not_found";
      "release_message_outcome": "released" | "gone";
      "remove_forward_webhook_outcome": "removed" | "none";
      "replay_forward_delivery_outcome": "replayed" | "pending" | "not_enabled" | "not_found";
      "replay_stripe_event_outcome": "replayed" | "unknown_event" | "purged";
      "reserve_batch_outcome":
        | "reserved"
        | "scheduled"
        | "outside_window"
        | "send_rate_reached"
        | "limit_reached"
        | "paused"
        | "completed"
        | "over";
      "reserve_fee_outcome": "reserved" | "duplicate" | "spend_limit_reached";
      "reserve_message_outcome":
        | "reserved"
        | "duplicate"
        | "key_conflict"
        | "rate_limited"
        | "destination_refused"
        | "opted_out"
        | "daily_limit_reached"
        | "monthly_limit_reached"
        | "spend_limit_reached"
        | "recipient_limit_reached"
        | "fallback_limit_reached"
        | "unconfirmed_user"
        | "no_number"
        | "number_not_owned"
        | "number_not_capable"
        | "number_over_limit"
        | "no_subaccount"
        | "pending"
        | "suspended"
        | "closed";
      "reserve_number_outcome":
        | "reserved"
        | "rate_limited"
        | "in_progress"
        | "already_owned"
        | "releasing"
        | "taken"
        | "limit_reached"
        | "price_unavailable"
        | "price_limit_reached"
        | "daily_limit_reached"
        | "monthly_limit_reached"
        | "spend_limit_reached"
        | "none"
        | "pending"
        | "suspended"
        | "closed";
      "retry_campaign_outcome":
        | "created"
        | "duplicate"
        | "key_conflict"
        | "rate_limited"
        | "not_found"
        | "not_over"
        | "nothing_failed"
        | "texts_deleted"
        | "window_never_opens"
        | "too_many_recipients"
        | "no_number"
        | "number_not_owned"
        | "number_not_capable"
        | "number_over_limit"
        | "no_subaccount"
        | "pending"
        | "suspended"
        | "closed";
      "retry_job_outcome": "retrying" | "gone";
      "revenue_by": "total" | "tenant";
      "revenue_order": "month" | "revenue" | "margin";
      "save_contacts_outcome": "saved" | "unknown_user";
      "save_settings_outcome": "saved" | "changed" | "unknown_user";
      "sealed_slot": "current" | "forward" | "next" | "pending" | "previous";
      "sealing_ring_note": "unchanged" | "changed";
      "sender_outcome":
        | "allowed"
        | "unconfirmed_user"
        | "no_number"
        | "number_not_owned"
        | "number_not_capable"
        | "number_over_limit"
        | "no_subaccount"
        | "pending"
        | "suspended"
        | "closed";
      "set_carrier_fee_outcome": "set" | "already";
      "set_exchange_rate_outcome": "set" | "already";
      "set_number_send_rate_outcome": "set" | "not_found";
      "set_plan_limits_outcome": "changed" | "new_version" | "unknown_plan" | "superseded" | "price_taken";
      "set_primary_number_outcome":
        | "set"
        | "already"
        | "not_capable"
        | "not_found"
        | "purchasing"
        | "releasing"
        | "released";
      "set_tenant_limits_outcome": "set" | "removed" | "unknown_user";
      "settle_cancellation_outcome": "settled" | "superseded";
      "settle_comparison_outcome": "settled" | "fenced";
      "settle_final_charge_outcome": "settled" | "already";
      "settle_metering_outcome": "settled" | "fenced";
      "settle_stripe_event_outcome": "settled" | "already";
      "show_statement_outcome": "found" | "not_found";
      "show_tenant_outcome": "found" | "not_found";
      "skip_reason": "opted_out" | "destination_refused" | "canceled";
      "statement_line_state": "billed" | "pending" | "trial" | "not_billed";
      "statement_line_type": "usage" | "correction" | "not_counted" | "sent_again";
      "statement_status": "open" | "closing" | "closed";
      "statement_type": "period" | "later_usage";
      "subaccount_request": "already" | "accepted" | "subscription_required" | "suspended" | "closed";
      "subscription_origin": "checkout" | "metadata" | "operator" | "claim";
      "subscription_status":
        | "incomplete"
        | "incomplete_expired"
        | "trialing"
        | "active"
        | "past_due"
        | "canceled"
        | "unpaid"
        | "paused";
      "sweep_level": "within" | "warning" | "critical";
      "take_in_number_outcome": "taken_in" | "already" | "held" | "left_alone";
      "tenant_order": "id" | "oldest" | "newest";
      "token_lease_outcome": "leased" | "busy" | "no_token";
      "token_record": "recorded" | "fenced" | "gone";
      "token_rotation_request": "accepted" | "none" | "pending" | "suspended" | "closed";
      "twilio_account_status": "active" | "suspended" | "closed";
      "unbilled_state": "pending" | "sending" | "waits_for_rate" | "waits_for_price";
      "unpaid_reason":
        | "user_deleted"
        | "suspended_at_twilio"
        | "operator_hold"
        | "past_due"
        | "paused"
        | "unpaid"
        | "canceled"
        | "no_subscription"
        | "not_returned"
        | "downgraded";
      "usage_firing_outcome": "held" | "alerted" | "outdated" | "duplicate" | "unknown_trigger";
      "usage_kind": "sms_out" | "sms_in" | "mms_out" | "mms_in" | "number" | "fee";
      "usage_step": "day" | "month" | "period";
      "usage_trigger_lease": "leased" | "busy" | "no_account";
      "wanted_status": "none" | "active" | "suspended" | "closed";
      "webhook_provider": "stripe" | "twilio";
    };
    CompositeTypes: {
      "account_outlook": {
        "is_held": boolean | null;
        "suspends_at": string | null;
        "numbers_released_at": string | null;
      };
      "batch_message": {
        "id": string | null;
        "position": number | null;
        "to_number": string | null;
        "body": string | null;
      };
      "campaign_recipient": {
        "position": number | null;
        "to_number": string | null;
        "counted": Database["public"]["Enums"]["campaign_count"] | null;
        "skip_reason": Database["public"]["Enums"]["skip_reason"] | null;
        "message_id": string | null;
        "status": Database["public"]["Enums"]["message_status"] | null;
        "error_code": number | null;
        "error_message": string | null;
      };
      "carrier_fee": {
        "country": string | null;
        "channel": string | null;
        "valid_from": string | null;
        "fee": number | null;
      };
      "claimed_job": {
        "job_id": number | null;
        "attempt": number | null;
        "enqueued_at": string | null;
        "job": Json | null;
      };
      "contact": {
        "phone_number": string | null;
        "name": string | null;
        "notes": string | null;
        "tags": (string)[] | null;
        "created_at": string | null;
        "updated_at": string | null;
        "sorted_name": string | null;
      };
      "contact_tag": {
        "tag": string | null;
        "contacts": number | null;
      };
      "conversation": {
        "own_number": string | null;
        "peer_number": string | null;
        "contact": Json | null;
        "last_message_at": string | null;
        "unread": number | null;
        "last_message": Json | null;
        "opted_out": boolean | null;
      };
      "dead_letter": {
        "letter_id": number | null;
        "lane": Database["public"]["Enums"]["job_lane"] | null;
        "job": Json | null;
        "error": string | null;
        "moved_at": string | null;
      };
      "exchange_rate": {
        "unit": string | null;
        "currency": string | null;
        "valid_from": string | null;
        "rate": number | null;
        "reason": string | null;
        "set_by": string | null;
        "set_at": string | null;
      };
      "listed_plan": {
        "key": string | null;
        "name": string | null;
        "rank": number | null;
        "version": number | null;
        "superseded_at": string | null;
        "stripe_price_id": string | null;
        "currency": string | null;
        "markup": number | null;
        "segment_price": number | null;
        "limits": Json | null;
        "was_sold": boolean | null;
        "subscriptions": number | null;
      };
      "loss": {
        "month": string | null;
        "user_id": string | null;
        "currency": string | null;
        "reason": string | null;
        "row_count": number | null;
        "amount": number | null;
        "cost": number | null;
      };
      "message_to_redact": {
        "message_id": string | null;
        "twilio_message_sid": string | null;
        "source": Database["public"]["Enums"]["message_source"] | null;
        "media_count": number | null;
        "is_at_twilio": boolean | null;
      };
      "meter_window": {
        "kind": Database["public"]["Enums"]["usage_kind"] | null;
        "day": string | null;
        "billed_start": string | null;
        "expected": number | null;
        "first_at": string | null;
        "last_at": string | null;
        "ends_with_event": boolean | null;
      };
      "metering_call": {
        "row_id": string | null;
        "step": Database["public"]["Enums"]["metering_step"] | null;
        "kind": Database["public"]["Enums"]["usage_kind"] | null;
        "event_name": string | null;
        "identifier": string | null;
        "value": string | null;
        "timestamp_seconds": number | null;
        "billed_start": string | null;
        "meter_id": string | null;
        "parts": Json | null;
      };
      "missing_exchange_rate": {
        "unit": string | null;
        "currency": string | null;
        "plans": (string)[] | null;
      };
      "reconciliation": {
        "account_sid": string | null;
        "day": string | null;
        "user_id": string | null;
        "price_unit": string | null;
        "usage_total": number | null;
        "ledger_total": number | null;
        "not_priced_yet": number | null;
        "carrier_fee": number | null;
        "failed_message_fee": number | null;
        "uncategorised": number | null;
        "unknown_category": number | null;
        "missing_here": number | null;
        "missing_at_twilio": number | null;
        "rate": number | null;
        "currency": number | null;
        "kinds": Json | null;
        "other_currencies": Json | null;
        "is_closed": boolean | null;
        "is_shifted": boolean | null;
        "reconciled_at": string | null;
      };
      "recorded_status": {
        "outcome": Database["public"]["Enums"]["evidence_outcome"] | null;
        "status": Database["public"]["Enums"]["message_status"] | null;
      };
      "rejected_usage": {
        "number": number | null;
        "id": string | null;
        "user_id": string | null;
        "day": string | null;
        "kind": Database["public"]["Enums"]["usage_kind"] | null;
        "reason": string | null;
        "state": string | null;
        "loss_reason": string | null;
        "currency": string | null;
        "units": number | null;
        "rejections": number | null;
        "refusals": number | null;
        "error": string | null;
        "created_at": string | null;
      };
      "revenue": {
        "month": string | null;
        "user_id": string | null;
        "currency": string | null;
        "revenue": number | null;
        "billed": number | null;
        "unbilled": number | null;
        "lost": number | null;
        "cost": number | null;
        "margin": number | null;
      };
      "sale_price": {
        "plan_key": string | null;
        "name": string | null;
        "stripe_price_id": string | null;
        "amount": number | null;
        "currency": string | null;
        "interval": Database["public"]["Enums"]["price_interval"] | null;
        "interval_count": number | null;
        "includes_taxes": boolean | null;
        "read_at": string | null;
        "is_due": boolean | null;
      };
      "sealed_text": {
        "user_id": string | null;
        "subaccount_sid": string | null;
        "slot": Database["public"]["Enums"]["sealed_slot"] | null;
        "sealed_token": string | null;
        "key_id": string | null;
      };
      "statement": {
        "id": string | null;
        "type": Database["public"]["Enums"]["statement_type"] | null;
        "status": Database["public"]["Enums"]["statement_status"] | null;
        "starts_at": string | null;
        "ends_at": string | null;
        "is_trial": boolean | null;
        "currency": string | null;
        "units": number | null;
        "amount": number | null;
        "pending_units": number | null;
        "invoices": Json | null;
      };
      "tenant_overview": {
        "user_id": string | null;
        "wanted": Database["public"]["Enums"]["wanted_status"] | null;
        "status": Database["public"]["Enums"]["account_status"] | null;
        "subaccount_sid": string | null;
        "friendly_name": string | null;
        "operator_hold": Database["public"]["Enums"]["operator_hold"] | null;
        "requested_at": string | null;
        "user_deleted_at": string | null;
        "last_error": string | null;
        "converged_at": string | null;
        "numbers": number | null;
        "suspended_at_twilio": boolean | null;
        "email": string | null;
        "plan_key": string | null;
        "created_at": string | null;
        "last_message_at": string | null;
        "is_drifting": boolean | null;
        "is_unpaid": boolean | null;
        "is_over_limit": boolean | null;
        "lapsed_plan_key": string | null;
      };
      "unbilled_usage": {
        "day": string | null;
        "id": string | null;
        "user_id": string | null;
        "state": Database["public"]["Enums"]["unbilled_state"] | null;
        "kind": Database["public"]["Enums"]["usage_kind"] | null;
        "currency": string | null;
        "amount": number | null;
        "units": number | null;
        "tries": number | null;
        "error": string | null;
        "since": string | null;
      };
      "unfinished_account": {
        "account_sid": string | null;
        "user_id": string | null;
        "source": Database["public"]["Enums"]["message_source"] | null;
        "sids": (string)[] | null;
        "first_sent_at": string | null;
        "last_sent_at": string | null;
      };
      "unpaid_cost": {
        "user_id": string | null;
        "reason": Database["public"]["Enums"]["unpaid_reason"] | null;
        "subaccount_sid": string | null;
        "account_status": Database["public"]["Enums"]["twilio_account_status"] | null;
        "costs": Json | null;
        "numbers": Json | null;
      };
      "unsent_usage": {
        "kind": Database["public"]["Enums"]["usage_kind"] | null;
        "currency": string | null;
        "state": string | null;
        "rows": number | null;
        "units": number | null;
      };
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof (
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
    )
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals } ? (
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
  )[TableName] extends {
    Row: infer R;
  } ? R
  : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R;
    } ? R
    : never
  : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
    Insert: infer I;
  } ? I
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I;
    } ? I
    : never
  : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
    Update: infer U;
  } ? U
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U;
    } ? U
    : never
  : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never;

export const Constants = {
  "public": {
    Enums: {
      "account_status": ["none", "pending", "active", "suspended", "closed"],
      "acknowledge_alert_outcome": ["acknowledged", "already", "settled", "not_found"],
      "add_opt_outs_outcome": ["added", "limit_reached", "unknown_user"],
      "alert_change": ["acknowledged", "settled"],
      "alert_delivery": ["pending", "acknowledged", "settled", "not_found"],
      "alert_kind": [
        "dead_letter",
        "unknown_price",
        "subscription_without_tenant",
        "campaign_paused",
        "master_account_inactive",
        "reconciliation",
        "usage_trigger",
        "unpaid_account",
        "exchange_rate",
        "metering",
        "meter_rejection",
        "invoice_difference",
        "invoice_grace",
        "payment_moved",
        "credit_owed",
      ],
      "alert_state": ["open", "unacknowledged", "acknowledged", "settled", "all"],
      "begin_cancellation_outcome": ["carry_out", "nothing"],
      "begin_checkout_outcome": [
        "create",
        "open",
        "subscription_exists",
        "unknown_plan",
        "not_for_sale",
        "unknown_user",
        "tenant_closed",
      ],
      "begin_comparison_outcome": ["leased", "idle", "busy", "unknown_customer"],
      "begin_metering_outcome": ["leased", "idle", "busy", "fenced", "unknown_customer"],
      "begin_number_release_outcome": [
        "begun",
        "releasing",
        "released",
        "unconfirmed",
        "purchasing",
        "not_found",
        "none",
        "pending",
        "suspended",
        "closed",
      ],
      "begin_plan_change_outcome": [
        "change",
        "no_subscription",
        "not_active",
        "unknown_plan",
        "not_for_sale",
        "unknown_user",
        "tenant_closed",
      ],
      "begin_stripe_event_outcome": ["pending", "processed", "not_found"],
      "begin_usage_sync_outcome": ["read", "unknown_account"],
      "billing_customer_outcome": ["found", "none"],
      "campaign_change": ["pause", "resume", "cancel"],
      "campaign_count": ["waiting", "in_flight", "sent", "delivered", "failed", "unknown", "skipped"],
      "campaign_status": ["scheduled", "running", "paused", "canceled", "completed"],
      "campaign_status_reason": [
        "daily_limit_reached",
        "monthly_limit_reached",
        "spend_limit_reached",
        "outside_window",
        "account_refused",
        "sender_refused",
        "twilio_refused",
        "twilio_throttled",
        "no_number",
        "number_not_owned",
        "number_not_capable",
        "number_over_limit",
        "no_subaccount",
        "pending",
        "suspended",
        "closed",
      ],
      "cancel_outcome": ["canceled", "gone"],
      "cancellation_request": ["accepted", "already_over", "unknown_subscription", "decided_by_operator"],
      "cancellation_time": ["now", "period_end", "never"],
      "change_campaign_outcome": ["changed", "already", "over", "not_found"],
      "change_forward_webhook_outcome": ["changed", "superseded"],
      "changed_alert": ["acknowledged", "settled", "not_found"],
      "claim_subscription_outcome": ["claimed", "already", "not_found", "unconfirmed_email", "other_email"],
      "close_alert_outcome": ["settled", "already", "not_found"],
      "confirm_forward_webhook_outcome": ["created", "rotated", "superseded"],
      "consent": ["stop", "start", "help"],
      "convergence_end": ["released", "again", "fenced"],
      "create_attempt": ["noted", "limit_reached", "fenced"],
      "create_campaign_outcome": [
        "created",
        "duplicate",
        "key_conflict",
        "rate_limited",
        "scheduled_in_past",
        "window_never_opens",
        "too_many_recipients",
        "no_number",
        "number_not_owned",
        "number_not_capable",
        "number_over_limit",
        "no_subaccount",
        "pending",
        "suspended",
        "closed",
      ],
      "defer_job_outcome": ["deferred", "gone"],
      "delete_contact_outcome": ["deleted", "unknown_contact"],
      "disable_forward_webhook_outcome": ["disabled", "unchanged"],
      "duplicate_outcome": ["close", "listed", "fenced"],
      "end_sweep_outcome": ["continues", "within", "warning", "critical"],
      "erasure_outcome": ["continues", "done", "user_exists"],
      "event_result": ["recorded", "unlinked", "superseded", "ignored", "nothing_to_record", "requested"],
      "evidence_outcome": ["moved", "unchanged", "mismatch", "not_found"],
      "fee_kind": ["number", "registration", "failed_message", "other"],
      "fenced_write": ["written", "fenced"],
      "final_bill_step": ["none", "wait", "read", "invoice", "credit"],
      "forget_stripe_customer_outcome": ["forgotten", "already"],
      "forward_delivery_status": ["pending", "delivered", "failed", "canceled"],
      "forward_failure": ["refused", "no_response", "not_public"],
      "forward_webhook_status": ["none", "enabled", "disabled"],
      "ignored_event_reason": ["type_not_handled", "other_account", "no_subscription", "unknown_object", "malformed"],
      "inbound_outcome": ["recorded", "duplicate", "unknown_user"],
      "installation_verdict": ["ok", "warn", "fail"],
      "job_lane": ["control", "messages", "campaigns", "forwarding", "usage", "billing"],
      "lease_cancellation_outcome": ["leased", "later"],
      "lease_outcome": ["leased", "busy"],
      "leaving_note": ["noted", "stopped", "fenced"],
      "leaving_numbers": ["release", "park"],
      "leaving_outcome": ["close", "wait", "listed", "leave", "stopped", "fenced"],
      "leaving_step": ["release", "park", "return"],
      "link_stripe_customer_outcome": ["linked", "unknown_user"],
      "list_tenants_outcome": ["listed", "too_many_found"],
      "mark_read_outcome": ["marked", "unknown_conversation"],
      "master_consent_outcome": ["recorded", "duplicate", "unknown_number"],
      "message_direction": ["inbound", "outbound"],
      "message_encoding": ["GSM-7", "UCS-2"],
      "message_media_outcome": ["own_account", "master_account", "gone", "not_found", "exceeded"],
      "message_source": ["subaccount", "master"],
      "message_status": [
        "reserved",
        "unknown",
        "not_sent",
        "accepted",
        "scheduled",
        "queued",
        "sending",
        "sent",
        "refused",
        "failed",
        "undelivered",
        "canceled",
        "delivered",
        "read",
        "receiving",
        "received",
      ],
      "metering_outcome": [
        "accepted",
        "unsent",
        "unknown",
        "refused",
        "no_meter",
        "too_early",
        "customer_gone",
        "compared",
      ],
      "metering_step": ["send", "compare"],
      "move_job_outcome": ["moved", "gone"],
      "move_target": ["tenant", "master"],
      "needs_metered_items_outcome": ["needed", "surplus", "other_tenant", "not_needed"],
      "next_invoice_outcome": ["found", "no_payer", "not_found"],
      "note_metering_problem_outcome": ["raised", "settled", "not_own"],
      "notice_kind": ["usage.threshold", "number.release_scheduled", "number.sending_ends"],
      "number_change": ["appeared", "bought", "changed", "released", "repaired"],
      "number_place": ["tenant", "master", "nowhere"],
      "number_to_change_outcome": [
        "changeable",
        "not_found",
        "purchasing",
        "releasing",
        "released",
        "none",
        "pending",
        "suspended",
        "closed",
      ],
      "number_to_move_outcome": [
        "movable",
        "held",
        "purchasing",
        "releasing",
        "unknown_user",
        "none",
        "pending",
        "suspended",
        "closed",
      ],
      "offer_forward_webhook_outcome": ["offered", "unknown_user"],
      "offer_number_outcome": ["changed", "already", "not_found"],
      "operator_hold": ["suspended", "closed"],
      "operator_request": ["accepted", "unknown_user"],
      "opt_out_source": ["received", "reported", "imported", "manual"],
      "parked_number_todo": ["look", "release", "return"],
      "pause_campaign_outcome": ["paused", "unchanged"],
      "pending_forward_webhook_status": ["none", "pending"],
      "preview_campaign_outcome": [
        "previewed",
        "scheduled_in_past",
        "window_never_opens",
        "too_many_recipients",
        "no_number",
        "number_not_owned",
        "number_not_capable",
        "number_over_limit",
        "no_subaccount",
        "pending",
        "suspended",
        "closed",
      ],
      "preview_outcome": ["sent", "opted_out", "destination_refused", "outside_window", "over_limit"],
      "price_interval": ["day", "week", "month", "year"],
      "provision_outcome": ["accepted", "unknown_user", "ambiguous_email"],
      "rate_limit_outcome": ["allowed", "exceeded"],
      "record_cancellation_outcome": ["recorded", "not_own"],
      "record_checkout_outcome": ["recorded", "replaced"],
      "record_final_reading_outcome": ["compared", "already", "not_final"],
      "record_invoice_outcome": ["recorded", "superseded", "unknown_customer"],
      "record_number_move_outcome": ["recorded", "held", "left_alone"],
      "record_number_name_outcome": ["recorded", "gone"],
      "record_number_sync_outcome": ["appeared", "changed", "released", "repaired", "held", "left_alone"],
      "record_outcome": ["recorded", "already"],
      "record_payment_move_outcome": ["alerted", "unknown_customer"],
      "record_stripe_customer_outcome": ["recorded", "unknown_user"],
      "record_stripe_event_outcome": ["recorded", "duplicate"],
      "record_subscription_outcome": ["recorded", "unlinked", "superseded"],
      "record_usage_outcome": ["recorded", "continues", "fenced"],
      "redaction_outcome": ["accepted", "already", "not_found"],
      "release_message_outcome": ["released", "gone"],
      "remove_forward_webhook_outcome": ["removed", "none"],
      "replay_forward_delivery_outcome": ["replayed", "pending", "not_enabled", "not_found"],
      "replay_stripe_event_outcome": ["replayed", "unknown_event", "purged"],
      "reserve_batch_outcome": [
        "reserved",
        "scheduled",
        "outside_window",
        "send_rate_reached",
        "limit_reached",
        "paused",
        "completed",
        "over",
      ],
      "reserve_fee_outcome": ["reserved", "duplicate", "spend_limit_reached"],
      "reserve_message_outcome": [
        "reserved",
        "duplicate",
        "key_conflict",
        "rate_limited",
        "destination_refused",
        "opted_out",
        "daily_limit_reached",
        "monthly_limit_reached",
        "spend_limit_reached",
        "recipient_limit_reached",
        "fallback_limit_reached",
        "unconfirmed_user",
        "no_number",
        "number_not_owned",
        "number_not_capable",
        "number_over_limit",
        "no_subaccount",
        "pending",
        "suspended",
        "closed",
      ],
      "reserve_number_outcome": [
        "reserved",
        "rate_limited",
        "in_progress",
        "already_owned",
        "releasing",
        "taken",
        "limit_reached",
        "price_unavailable",
        "price_limit_reached",
        "daily_limit_reached",
        "monthly_limit_reached",
        "spend_limit_reached",
        "none",
        "pending",
        "suspended",
        "closed",
      ],
      "retry_campaign_outcome": [
        "created",
        "duplicate",
        "key_conflict",
        "rate_limited",
        "not_found",
        "not_over",
        "nothing_failed",
        "texts_deleted",
        "window_never_opens",
        "too_many_recipients",
        "no_number",
        "number_not_owned",
        "number_not_capable",
        "number_over_limit",
        "no_subaccount",
        "pending",
        "suspended",
        "closed",
      ],
      "retry_job_outcome": ["retrying", "gone"],
      "revenue_by": ["total", "tenant"],
      "revenue_order": ["month", "revenue", "margin"],
      "save_contacts_outcome": ["saved", "unknown_user"],
      "save_settings_outcome": ["saved", "changed", "unknown_user"],
      "sealed_slot": ["current", "forward", "next", "pending", "previous"],
      "sealing_ring_note": ["unchanged", "changed"],
      "sender_outcome": [
        "allowed",
        "unconfirmed_user",
        "no_number",
        "number_not_owned",
        "number_not_capable",
        "number_over_limit",
        "no_subaccount",
        "pending",
        "suspended",
        "closed",
      ],
      "set_carrier_fee_outcome": ["set", "already"],
      "set_exchange_rate_outcome": ["set", "already"],
      "set_number_send_rate_outcome": ["set", "not_found"],
      "set_plan_limits_outcome": ["changed", "new_version", "unknown_plan", "superseded", "price_taken"],
      "set_primary_number_outcome": [
        "set",
        "already",
        "not_capable",
        "not_found",
        "purchasing",
        "releasing",
        "released",
      ],
      "set_tenant_limits_outcome": ["set", "removed", "unknown_user"],
      "settle_cancellation_outcome": ["settled", "superseded"],
      "settle_comparison_outcome": ["settled", "fenced"],
      "settle_final_charge_outcome": ["settled", "already"],
      "settle_metering_outcome": ["settled", "fenced"],
      "settle_stripe_event_outcome": ["settled", "already"],
      "show_statement_outcome": ["found", "not_found"],
      "show_tenant_outcome": ["found", "not_found"],
      "skip_reason": ["opted_out", "destination_refused", "canceled"],
      "statement_line_state": ["billed", "pending", "trial", "not_billed"],
      "statement_line_type": ["usage", "correction", "not_counted", "sent_again"],
      "statement_status": ["open", "closing", "closed"],
      "statement_type": ["period", "later_usage"],
      "subaccount_request": ["already", "accepted", "subscription_required", "suspended", "closed"],
      "subscription_origin": ["checkout", "metadata", "operator", "claim"],
      "subscription_status": [
        "incomplete",
        "incomplete_expired",
        "trialing",
        "active",
        "past_due",
        "canceled",
        "unpaid",
        "paused",
      ],
      "sweep_level": ["within", "warning", "critical"],
      "take_in_number_outcome": ["taken_in", "already", "held", "left_alone"],
      "tenant_order": ["id", "oldest", "newest"],
      "token_lease_outcome": ["leased", "busy", "no_token"],
      "token_record": ["recorded", "fenced", "gone"],
      "token_rotation_request": ["accepted", "none", "pending", "suspended", "closed"],
      "twilio_account_status": ["active", "suspended", "closed"],
      "unbilled_state": ["pending", "sending", "waits_for_rate", "waits_for_price"],
      "unpaid_reason": [
        "user_deleted",
        "suspended_at_twilio",
        "operator_hold",
        "past_due",
        "paused",
        "unpaid",
        "canceled",
        "no_subscription",
        "not_returned",
        "downgraded",
      ],
      "usage_firing_outcome": ["held", "alerted", "outdated", "duplicate", "unknown_trigger"],
      "usage_kind": ["sms_out", "sms_in", "mms_out", "mms_in", "number", "fee"],
      "usage_step": ["day", "month", "period"],
      "usage_trigger_lease": ["leased", "busy", "no_account"],
      "wanted_status": ["none", "active", "suspended", "closed"],
      "webhook_provider": ["stripe", "twilio"],
    },
  },
} as const;
