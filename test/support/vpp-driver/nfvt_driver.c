/*
 * A driver for VPP's tests of native ports: it takes any PCI function and never touches it. Its port receives
 * nothing, and drops what it is to send. "passive" keeps VPP's PCI bus from opening the function
 * (vnet/dev/bus/pci.c), so none of its resources is mapped, and its kernel driver stays.
 */
#include <vnet/vnet.h>
#include <vnet/dev/dev.h>
#include <vnet/dev/bus/pci.h>

#define MAX_QUEUES 4

vnet_dev_node_t nfvt_rx_node = {};
vnet_dev_node_t nfvt_tx_node = {};

VNET_DEV_NODE_FN (nfvt_rx_node)
(vlib_main_t *vm, vlib_node_runtime_t *node, vlib_frame_t *frame)
{
  return 0;
}

VNET_DEV_NODE_FN (nfvt_tx_node)
(vlib_main_t *vm, vlib_node_runtime_t *node, vlib_frame_t *frame)
{
  vlib_buffer_free (vm, vlib_frame_vector_args (frame), frame->n_vectors);
  return frame->n_vectors;
}

static u8 *
nfvt_probe (vlib_main_t *vm, vnet_dev_probe_args_t *a)
{
  return format (0, "for tests");
}

static vnet_dev_rv_t
nfvt_port_start (vlib_main_t *vm, vnet_dev_port_t *port)
{
  vnet_dev_port_state_change (vm, port,
			      (vnet_dev_port_state_changes_t){
				.change.link_state = 1,
				.link_state = 1,
			      });
  return VNET_DEV_OK;
}

static void
nfvt_port_stop (vlib_main_t *vm, vnet_dev_port_t *port)
{
}

/* A NIC takes another frame size only while it is stopped. */
static vnet_dev_rv_t
nfvt_port_validate (vlib_main_t *vm, vnet_dev_port_t *port,
		    vnet_dev_port_cfg_change_req_t *req)
{
  if (req->type == VNET_DEV_PORT_CFG_MAX_RX_FRAME_SIZE && port->started)
    return VNET_DEV_ERR_PORT_STARTED;
  return VNET_DEV_OK;
}

static vnet_dev_rv_t
nfvt_port_change (vlib_main_t *vm, vnet_dev_port_t *port,
		  vnet_dev_port_cfg_change_req_t *req)
{
  return VNET_DEV_OK;
}

static vnet_dev_rv_t
nfvt_init (vlib_main_t *vm, vnet_dev_t *dev)
{
  vnet_dev_port_add_args_t port = {
    .port = {
      .attr = {
        .type = VNET_DEV_PORT_TYPE_ETHERNET,
        .max_rx_queues = MAX_QUEUES,
        .max_tx_queues = MAX_QUEUES,
        .max_supported_rx_frame_size = 9728,
        .caps = { .change_max_rx_frame_size = 1 },
        .hw_addr.eth_mac = { 2, 0, 0, 0, 0xaa, 0 },
      },
      .ops = {
        .start = nfvt_port_start,
        .stop = nfvt_port_stop,
        .config_change = nfvt_port_change,
        .config_change_validate = nfvt_port_validate,
      },
    },
    .rx_node = &nfvt_rx_node,
    .tx_node = &nfvt_tx_node,
    .rx_queue.config = { .default_size = 512, .min_size = 64, .max_size = 4096, .size_is_power_of_two = 1 },
    .tx_queue.config = { .default_size = 512, .min_size = 64, .max_size = 4096, .size_is_power_of_two = 1 },
  };
  vnet_dev_rv_t rv = vnet_dev_port_add (vm, dev, 0, &port);

  if (rv == VNET_DEV_OK)
    {
      port.port.attr.hw_addr.eth_mac[5] = 1;
      rv = vnet_dev_port_add (vm, dev, 1, &port);
    }
  return rv;
}

VNET_DEV_REGISTER_DRIVER (nfvt) = {
  .name = "nfvt",
  .description = "takes any function, for tests",
  .bus = "pci",
  .passive = 1,
  .priority = -1,
  .device = {
    .args = CLIB_ARGS (CLIB_ARG_UINT32 (1, "level", "for tests", .max = 9)),
    .ops = { .init = nfvt_init, .probe = nfvt_probe },
  },
};
