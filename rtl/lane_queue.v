// lane_queue: a queue with one writer and READERS readers. Every reader sees every entry, each at
// its own pace; the writer waits for the slowest. An entry can be read in the cycle after it was
// written. A full queue takes an entry in the cycle in which the last reader lets go of the oldest.
//
// The memory is not reset: no entry is valid before it was written.
`default_nettype none

module lane_queue #(
  parameter integer WIDTH   = 8,
  parameter integer DEPTH   = 8,  // entries, at least 1
  parameter integer READERS = 4
) (
  input  wire                     clk_i,
  input  wire                     rst_ni,   // asynchronous, active low

  // Entries in
  input  wire                     valid_i,
  output wire                     ready_o,
  input  wire [WIDTH-1:0]         data_i,

  // Entries out, one stream per reader
  output wire [READERS-1:0]       valid_o,
  input  wire [READERS-1:0]       ready_i,
  output wire [READERS*WIDTH-1:0] data_o
);

  localparam integer POINTER_WIDTH = (DEPTH > 1) ? $clog2(DEPTH) : 1;
  localparam integer COUNT_WIDTH   = $clog2(DEPTH + 1);

  localparam [31:0]              ENTRIES = DEPTH;
  localparam [31:0]              TOP     = DEPTH - 1;
  localparam [COUNT_WIDTH-1:0]   FULL    = ENTRIES[COUNT_WIDTH-1:0];
  localparam [POINTER_WIDTH-1:0] LAST    = TOP[POINTER_WIDTH-1:0];
  localparam [31:0]              UNIT    = 32'd1;
  localparam [COUNT_WIDTH-1:0]   ONE     = UNIT[COUNT_WIDTH-1:0];
  localparam [POINTER_WIDTH-1:0] STEP    = UNIT[POINTER_WIDTH-1:0];

  // One small memory per reader; in flip-flops every reader would need its own DEPTH:1 multiplexer.
  (* ram_style = "distributed" *)
  reg [WIDTH-1:0]         entries_q [0:DEPTH-1];
  reg [POINTER_WIDTH-1:0] write_q;

  wire [READERS-1:0] room;
  wire               push = valid_i && ready_o;

  assign ready_o = &room;

  always @(posedge clk_i) begin
    if (push) entries_q[write_q] <= data_i;
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) write_q <= {POINTER_WIDTH{1'b0}};
    else if (push) write_q <= (write_q == LAST) ? {POINTER_WIDTH{1'b0}} : write_q + STEP;
  end

  genvar r;
  generate
    for (r = 0; r < READERS; r = r + 1) begin : g_reader
      reg [POINTER_WIDTH-1:0] read_q;
      reg [COUNT_WIDTH-1:0]   count_q;

      wire pop = valid_o[r] && ready_i[r];

      always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
          read_q  <= {POINTER_WIDTH{1'b0}};
          count_q <= {COUNT_WIDTH{1'b0}};
        end else begin
          if (pop) read_q <= (read_q == LAST) ? {POINTER_WIDTH{1'b0}} : read_q + STEP;
          if (push && !pop) count_q <= count_q + ONE;
          else if (pop && !push) count_q <= count_q - ONE;
        end
      end

      assign valid_o[r]               = count_q != {COUNT_WIDTH{1'b0}};
      assign room[r]                  = count_q != FULL || pop;
      assign data_o[r*WIDTH +: WIDTH] = entries_q[read_q];
    end
  endgenerate

endmodule

`default_nettype wire
