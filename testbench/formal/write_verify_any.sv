// write_verify with any result at any time, busy or not as the harness allows.
`default_nettype none

module write_verify (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire        clear_i,
  input  wire [15:0] bottom_i,
  input  wire [15:0] top_i,
  input  wire [15:0] set_rate_i,
  input  wire [15:0] reset_rate_i,
  input  wire [7:0]  step_sigma_i,
  input  wire [15:0] verify_sigma_i,
  input  wire [15:0] tolerance_i,
  input  wire [31:0] budget_i,
  input  wire [31:0] seed_i,
  input  wire [31:0] crossbar_i,
  input  wire        start_i,
  input  wire [15:0] row_i,
  input  wire [15:0] column_i,
  input  wire [15:0] state_i,
  input  wire [31:0] reads_i,
  input  wire [15:0] target_i,
  input  wire [7:0]  factor_i,
  input  wire        stuck_i,
  output wire        busy_o,
  output wire [15:0] state_o,
  output wire [31:0] reads_o,
  output wire        verified_o,
  output wire        count_set_o,
  output wire        count_reset_o,
  output wire        count_read_o
);

  (* anyseq *) reg        busy;
  (* anyseq *) reg [15:0] state;
  (* anyseq *) reg [31:0] reads;
  (* anyseq *) reg [3:0]  flags;

  assign busy_o  = busy;
  assign state_o = state;
  assign reads_o = reads;
  assign {verified_o, count_set_o, count_reset_o, count_read_o} = flags;

endmodule

`default_nettype wire
