/**
 * The same in every release: `control_ping = id:u16 client_index:u32 context:u32`,
 * `control_ping_reply = id:u16 context:u32 retval:i32 client_index:u32 vpe_pid:u32`.
 */
export const PING_KEY = 'control_ping_51077d14';
export const PING_REPLY_KEY = 'control_ping_reply_f6b0b8ca';
export const PING_BYTES = 10;
export const PING_CONTEXT_OFFSET = 6;
export const PING_REPLY_BYTES = 18;
export const PID_OFFSET = 14;
