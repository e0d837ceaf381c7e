// window: the staging memory, with one port for the core and one for the host, so that the host
// fills and empties a part of it while the core works on another.
//
// Of the host's two requests a write goes before a read, except right after a write, so that
// neither starves. A word read in one cycle stands on core_rdata_o or host_rdata_o in the next. A
// read at the edge of a write by the other port finds the old word; of two writes the host's stays.
`default_nettype none

module window #(
  parameter integer WORDS = 65536,
  parameter integer WIDTH = $clog2(WORDS)  // of an address
) (
  input  wire             clk_i,
  input  wire             rst_ni,         // asynchronous, active low; the memory keeps its contents

  // Core
  input  wire             core_en_i,
  input  wire             core_we_i,
  input  wire [WIDTH-1:0] core_addr_i,
  input  wire [31:0]      core_wdata_i,
  output wire [31:0]      core_rdata_o,

  // Host
  input  wire             write_valid_i,
  output wire             write_ready_o,
  input  wire [WIDTH-1:0] write_addr_i,
  input  wire [31:0]      write_data_i,
  input  wire             read_valid_i,
  output wire             read_ready_o,
  input  wire [WIDTH-1:0] read_addr_i,
  output wire [31:0]      host_rdata_o
);

  reg        wrote_q;  // the host's last access was a write
  reg [31:0] memory_q [0:WORDS-1];
  reg [31:0] core_rdata_q;
  reg [31:0] host_rdata_q;

  assign write_ready_o = !(read_valid_i && wrote_q);
  assign read_ready_o  = !write_valid_i || wrote_q;

  wire             host_we   = write_valid_i && write_ready_o;
  wire             host_re   = read_valid_i && read_ready_o;
  wire [WIDTH-1:0] host_addr = host_we ? write_addr_i : read_addr_i;

  always @(posedge clk_i) begin
    if (core_en_i) begin
      if (core_we_i) memory_q[core_addr_i] <= core_wdata_i;
      else core_rdata_q <= memory_q[core_addr_i];
    end
  end

  always @(posedge clk_i) begin
    if (host_we) memory_q[host_addr] <= write_data_i;
    else if (host_re) host_rdata_q <= memory_q[host_addr];
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) wrote_q <= 1'b0;
    else if (host_we) wrote_q <= 1'b1;
    else if (host_re) wrote_q <= 1'b0;
  end

  assign core_rdata_o = core_rdata_q;
  assign host_rdata_o = host_rdata_q;

endmodule

`default_nettype wire
