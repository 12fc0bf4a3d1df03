/** RFC 7348 §5. */
export const UDP_PORT = 4789;

/** The underlay's. */
export const TABLE = 0;
