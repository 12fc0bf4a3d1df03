/*
 * A stand-in for libvppapiclient where there is no VPP: the same functions, spoken over the API
 * socket that the emulator serves instead of over shared memory: what has the name of VPP's region
 * in /dev/shm is a link to that socket. The statistics "socket" is a file that has the segment's
 * bytes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { NOT_CONNECTED = -3, TIMED_OUT = -5 };
enum { HEADER = 16, NAME = 64, ENTRY = 66 };

static int fd = -1;
static uint32_t client_index;
static uint8_t *table;
static int entries;
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;

static uint16_t
get16 (const uint8_t *p)
{
  uint16_t v;
  memcpy (&v, p, 2);
  return ntohs (v);
}

static uint32_t
get32 (const uint8_t *p)
{
  uint32_t v;
  memcpy (&v, p, 4);
  return ntohl (v);
}

static void
put16 (uint8_t *p, uint16_t v)
{
  v = htons (v);
  memcpy (p, &v, 2);
}

static void
put32 (uint8_t *p, uint32_t v)
{
  v = htonl (v);
  memcpy (p, &v, 4);
}

static int
write_all (const uint8_t *p, size_t n)
{
  while (n > 0)
    {
      ssize_t done = send (fd, p, n, MSG_NOSIGNAL);
      if (done < 0 && errno == EINTR)
	continue;
      if (done <= 0)
	return -1;
      p += done;
      n -= (size_t) done;
    }
  return 0;
}

static int
read_all (uint8_t *p, size_t n)
{
  while (n > 0)
    {
      ssize_t done = recv (fd, p, n, 0);
      if (done < 0 && errno == EINTR)
	continue;
      if (done <= 0)
	return -1;
      p += done;
      n -= (size_t) done;
    }
  return 0;
}

static int
write_frame (const uint8_t *message, uint32_t n)
{
  uint8_t *frame = calloc (1, HEADER + n);
  put32 (frame + 8, n);
  memcpy (frame + HEADER, message, n);
  pthread_mutex_lock (&write_lock);
  int rv = write_all (frame, HEADER + n);
  pthread_mutex_unlock (&write_lock);
  free (frame);
  return rv;
}

static uint8_t *
read_frame (uint32_t *n)
{
  uint8_t header[HEADER];
  if (read_all (header, HEADER))
    return NULL;
  *n = get32 (header + 8);
  uint8_t *message = malloc (*n);
  if (message && read_all (message, *n))
    {
      free (message);
      return NULL;
    }
  return message;
}

void
vac_mem_init (size_t size)
{
  (void) size;
}

int
vac_disconnect (void)
{
  if (fd >= 0)
    close (fd);
  fd = -1;
  free (table);
  table = NULL;
  entries = 0;
  return 0;
}

static int
handshake (const char *name)
{
  uint8_t create[6 + NAME] = { 0 };
  uint32_t n;
  put16 (create, 15);
  strncpy ((char *) create + 6, name, NAME - 1);
  if (write_frame (create, sizeof (create)))
    return -1;
  uint8_t *reply = read_frame (&n);
  if (!reply)
    return -1;
  if (n < 20 || get16 (reply) != 16 || get32 (reply + 10) != 0)
    {
      free (reply);
      return -1;
    }
  client_index = get32 (reply + 14);
  entries = get16 (reply + 18);
  table = malloc ((size_t) entries * ENTRY);
  memcpy (table, reply + 20, (size_t) entries * ENTRY);
  free (reply);
  return 0;
}

int
vac_connect (char *name, char *chroot_prefix, void *cb, int rx_qlen)
{
  struct sockaddr_un un = { .sun_family = AF_UNIX };
  (void) cb;
  (void) rx_qlen;
  if (!chroot_prefix || fd >= 0)
    return -1;
  snprintf (un.sun_path, sizeof (un.sun_path), "/dev/shm/%s-vpe-api", chroot_prefix);
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect (fd, (struct sockaddr *) &un, sizeof (un)))
    {
      vac_disconnect ();
      return -2;
    }
  if (handshake (name))
    {
      vac_disconnect ();
      return -1;
    }
  return 0;
}

int
vac_get_msg_index (char *name)
{
  for (int i = 0; i < entries; i++)
    if (strncmp ((char *) table + i * ENTRY + 2, name, NAME - 1) == 0)
      return get16 (table + i * ENTRY);
  return -1;
}

int
vac_write (char *data, int len)
{
  if (fd < 0)
    return NOT_CONNECTED;
  put32 ((uint8_t *) data + 2, client_index);
  return write_frame ((uint8_t *) data, (uint32_t) len);
}

/* VPP's library answers keepalives by itself. */
static int
is_keepalive (const uint8_t *message, uint32_t n)
{
  if (n < 10 || get16 (message) != vac_get_msg_index ("memclnt_keepalive_51077d14"))
    return 0;
  uint8_t reply[10] = { 0 };
  put16 (reply, (uint16_t) vac_get_msg_index ("memclnt_keepalive_reply_e8d4e804"));
  memcpy (reply + 2, message + 6, 4);
  write_frame (reply, sizeof (reply));
  return 1;
}

int
vac_read (char **data, int *l, unsigned short timeout)
{
  uint32_t n = 0;
  *l = 0;
  if (fd < 0)
    return NOT_CONNECTED;
  for (;;)
    {
      struct pollfd p = { .fd = fd, .events = POLLIN };
      int ready = poll (&p, 1, timeout ? timeout * 1000 : -1);
      if (ready == 0 || (ready < 0 && errno == EINTR))
	return TIMED_OUT;
      uint8_t *message = read_frame (&n);
      if (!message)
	return -1;
      if (is_keepalive (message, n))
	{
	  free (message);
	  continue;
	}
      *data = (char *) message;
      *l = (int) n;
      return 0;
    }
}

void
vac_free (void *message)
{
  free (message);
}

/* The layout of VPP's stat_client_main_t. */
typedef struct
{
  uint64_t epoch;
  void *header;
  void *directory;
  int64_t memory_size;
  uint64_t timeout;
} stat_client_t;

void *
stat_client_get (void)
{
  return calloc (1, sizeof (stat_client_t));
}

void
stat_client_free (void *sm)
{
  free (sm);
}

int
stat_segment_connect_r (const char *path, void *sm)
{
  stat_client_t *client = sm;
  struct stat st;
  int file = open (path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return -2;
  if (fstat (file, &st) || st.st_size == 0)
    {
      close (file);
      return -4;
    }
  void *memory = mmap (NULL, (size_t) st.st_size, PROT_READ, MAP_SHARED, file, 0);
  close (file);
  if (memory == MAP_FAILED)
    return -5;
  client->header = memory;
  client->memory_size = st.st_size;
  return 0;
}

void
stat_segment_disconnect_r (void *sm)
{
  stat_client_t *client = sm;
  munmap (client->header, (size_t) client->memory_size);
}
